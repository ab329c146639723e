//! Looks after the machines: what their limits ask for is done, whoever waits gets their turn, and the
//! pool stays filled.

use std::{sync::Arc, time::Duration};

use machine::{MachineId, StoppedBy};
use tokio::time::{Instant, sleep_until};

use crate::{life::Machine, machines::Machines, sleep::Due};

/// How often machines are looked at: how late a limit on minutes may strike.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// How often at least a limit's time is looked at, where the operator has set a short one.
const LOOKS_A_LIMIT: u32 = 4;

/// How often at most.
const LOOK_AT_MOST: Duration = Duration::from_millis(250);

/// Keeps the machines, for ever.
pub(crate) async fn keep(machines: Arc<Machines>) {
    let options = &machines.host.options;
    let limits = [
        options.idle_freeze,
        options.idle_stop,
        options.lifetime,
        options.keep_disks,
    ];
    let shortest = limits.into_iter().filter(|limit| !limit.is_zero()).min();
    let every = shortest.map_or(LOOK_EVERY, |limit| limit / LOOKS_A_LIMIT);
    let every = every.clamp(LOOK_AT_MOST, LOOK_EVERY);
    let mut look_at = Instant::now();
    loop {
        tokio::select! {
            () = sleep_until(look_at) => {
                for (id, machine) in machines.all() {
                    look(&machines, id, machine);
                }
                look_at = Instant::now() + every;
            }
            () = machines.host.changed.notified() => {}
        }
        machines.settle();
    }
}

/// Does what a machine's limits ask for.
fn look(machines: &Arc<Machines>, id: MachineId, machine: Arc<Machine>) {
    match machine.look() {
        Due::Nothing => {}
        Due::Freeze => machines.in_background(async move {
            if let Err(error) = machine.freeze().await {
                tracing::error!(machine = machine.who(), %error, "Machine {} cannot fall asleep", machine.who());
            }
        }),
        due @ (Due::StopIdle | Due::StopLifetime) => {
            let by = if due == Due::StopIdle {
                StoppedBy::Idle
            } else {
                StoppedBy::Lifetime
            };
            machines.stop_in_background(machine, by, move |machine| machine.look() == due);
        }
        Due::Delete => {
            tracing::info!(machine = %id, "The disk of machine {id} was kept for as long as disks are");
            let all = machines.clone();
            machines.in_background(async move {
                if let Err(error) = all.delete(&id).await {
                    tracing::error!(machine = %id, %error, "Machine {id} could not be deleted");
                }
            });
        }
    }
}
