//! machined with real machines: it needs root, runc and the machine image
//! (`images/machine/build DIR`; `GYOSIL_TEST_IMAGE` names another than the usual place).
//! Every test has a classroom of its own, and leaves nothing of it, failing or not.

mod classroom;
mod events;
mod footprint;
mod hub;
mod hub_far;
mod hub_hostile;
mod hub_sweep;
mod image;
mod internet;
mod leaks;
mod life;
mod limits;
mod network;
mod refusals;
mod rest;
mod space;
mod survival;
mod terminals;
mod units;
