//! The machine's pane: what each state shows and offers, in both languages.
#![cfg(feature = "ssr")]
#![allow(missing_docs, clippy::unwrap_used)]

use app::{
    Lang, Words,
    components::{MachineView, Pane},
    pages::paths::Side,
};
use machine::{Deadline, Limit, Low, Machine, Problem, Resource, State, Step, StoppedBy as By};

const NOW: u64 = 1_795_500_000;

fn is(state: State) -> MachineView {
    MachineView::Is(Machine {
        id: "s2".parse().unwrap(),
        state,
        generation: "e3f0348f1cb8b618".to_owned(),
        low: Vec::new(),
        deadline: None,
    })
}

fn with(view: MachineView, deadline: Option<Deadline>, low: Vec<Low>) -> MachineView {
    let MachineView::Is(machine) = view else {
        panic!("no machine to add to")
    };
    MachineView::Is(Machine {
        deadline,
        low,
        ..machine
    })
}

fn pane(lang: Lang, view: &MachineView) -> String {
    let pane = Pane {
        words: Words(lang),
        view,
        side: Side::Student,
        next: "/ko/lessons/containers/run",
        now: NOW,
    };
    pane.pieces().concat()
}

/// The acts whose forms are in the pane, in its order.
fn acts(html: &str) -> Vec<&str> {
    html.split("/machine/")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

#[test]
fn each_state_says_what_it_is_and_offers_what_helps() {
    let queued = |place, wait_s| is(State::Queued { place, wait_s });
    let stopped = |by| is(State::Stopped { by });
    let failed = |problem| is(State::Failed { problem });
    let step = Step::Boot;
    let states: [(MachineView, &str, &str, &[&str]); 18] = [
        (MachineView::SignIn, "signed-out", "invitation-title", &[]),
        (MachineView::Absent, "stopped", "absent-title", &["start"]),
        (
            MachineView::Unreachable,
            "failed",
            "unreachable-title",
            &["start"],
        ),
        (
            MachineView::Refused(Problem::NoImage),
            "failed",
            "no-image-title",
            &["start"],
        ),
        (queued(2, None), "queued", "wait-unknown", &["stop"]),
        (queued(1, Some(90)), "queued", "queued-title", &["stop"]),
        (is(State::Starting { step }), "starting", "step-boot", &[]),
        (
            is(State::Ready),
            "ready",
            "machine-ready",
            &["stop", "reset"],
        ),
        (
            is(State::Frozen),
            "frozen",
            "frozen-text",
            &["stop", "reset", "wake"],
        ),
        (
            stopped(By::Caller),
            "stopped",
            "stopped-title",
            &["reset", "start"],
        ),
        (
            stopped(By::Idle),
            "stopped",
            "stopped-idle-title",
            &["reset", "start"],
        ),
        (
            stopped(By::Lifetime),
            "stopped",
            "stopped-lifetime-title",
            &["reset", "start"],
        ),
        (
            stopped(By::Host),
            "stopped",
            "stopped-host-title",
            &["reset", "start"],
        ),
        (
            failed(Problem::NoSpace),
            "failed",
            "no-space-text",
            &["reset", "start"],
        ),
        (
            failed(Problem::NoImage),
            "failed",
            "no-image-text",
            &["reset", "start"],
        ),
        (
            failed(Problem::EngineSilent),
            "failed",
            "engine-silent-text",
            &["reset", "start"],
        ),
        (
            failed(Problem::Ended),
            "failed",
            "ended-text",
            &["reset", "start"],
        ),
        (
            failed(Problem::Internal),
            "failed",
            "internal-text",
            &["reset", "start"],
        ),
    ];
    for (view, state, key, offered) in &states {
        for lang in Lang::ALL {
            let html = pane(lang, view);
            let marked = format!("data-state=\"{state}\"");
            assert!(html.contains(&marked), "{lang} {view:?}: {html}");
            let said = Words(lang).t(key).replace('\'', "&#x27;");
            assert!(
                html.contains(&said),
                "{lang} {view:?} does not say {said}: {html}"
            );
            assert_eq!(acts(&html), *offered, "{lang} {view:?}");
        }
    }
}

#[test]
fn the_queue_tells_no_time_that_it_does_not_know() {
    let view = |wait_s| is(State::Queued { place: 3, wait_s });
    let known = pane(Lang::En, &view(Some(61)));
    assert!(
        known.contains("You are number 3") && known.contains("about 2 minutes"),
        "{known}"
    );
    let unknown = pane(Lang::En, &view(None));
    assert!(
        !unknown.contains("about") && unknown.contains("cannot be told"),
        "{unknown}"
    );
}

#[test]
fn warnings_come_before_a_limit_strikes_and_not_otherwise() {
    let ready = pane(Lang::En, &is(State::Ready));
    assert!(ready.contains("id=\"machine-warnings\" hidden"), "{ready}");
    for (limit, said) in [
        (Limit::IdleFreeze, "about to fall asleep"),
        (Limit::Lifetime, "about to stop"),
    ] {
        let deadline = Deadline {
            limit,
            at: NOW + 170,
        };
        let html = pane(Lang::En, &with(is(State::Ready), Some(deadline), vec![]));
        assert!(html.contains(said), "{html}");
        // For those without script, and as something that script can make a time of day.
        assert!(html.contains(">in 3 minutes</time>"), "{html}");
        assert!(html.contains("datetime=\"2026-11-24T06:02:50Z\""), "{html}");
        assert!(acts(&html).contains(&"extend"), "{html}");
    }
    let low = [Resource::Memory, Resource::Disk].map(|resource| Low {
        resource,
        percent: 93,
    });
    let html = pane(Lang::En, &with(is(State::Ready), None, low.to_vec()));
    assert!(
        html.contains("data-say=\"Memory is almost used up. The disk is almost full\""),
        "{html}"
    );
    assert!(
        html.contains("93% used") && html.contains("docker system prune"),
        "{html}"
    );
}

#[test]
fn what_is_kept_says_until_when() {
    let keep = Deadline {
        limit: Limit::Keep,
        at: NOW + 30 * 86_400,
    };
    let stopped = is(State::Stopped { by: By::Idle });
    let html = pane(Lang::Ko, &with(stopped, Some(keep), vec![]));
    assert!(html.contains(">30일 뒤</time>"), "{html}");
    let stop = Deadline {
        limit: Limit::IdleStop,
        at: NOW + 7_200,
    };
    let html = pane(Lang::Ko, &with(is(State::Frozen), Some(stop), vec![]));
    assert!(
        html.contains("깨우지 않으면 멈춥니다") && html.contains(">2시간 뒤</time>"),
        "{html}"
    );
    assert!(!acts(&html).contains(&"extend"), "waking is enough");
}
