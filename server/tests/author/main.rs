//! What an author runs: `gyosil lint`, `rows`, `course`, `gift`, `test-course`, as typed. The last needs
//! root, the programs that machined needs, and the machine image (`GYOSIL_TEST_IMAGE` names another than
//! the usual place).
#![allow(missing_docs)]

mod gyosil;
mod linting;
mod rows;
mod transfer;
mod trials;
