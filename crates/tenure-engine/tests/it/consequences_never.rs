//! Whatever happens, in whatever order: Tenure proposes nothing by itself for a control whose check does not pass then.
//!
//! The oracle knows what was done and nothing of the engine. Its twin, where a plan is proposed, is in `consequences.rs`,
//! and one case here must reach it as well. Over the chaos world, in virtual time.

use crate::{
    bench::{Bench, actor},
    consequences::{CONTROL, DAY, apply, files, person},
};
use proptest::prelude::*;
use tenure_engine::{Actor, Engine};
use tenure_model::{Instant, Role};

#[derive(Debug, Clone, Copy)]
enum Event {
    /// Another programme comes into force.
    Apply(Programme),
    /// Ravi, contact of one partner and fallback of the other, comes.
    RaviComes,
    /// Ravi goes.
    RaviGoes,
    /// The escalation says that messages reach them.
    Acknowledge,
    /// So many days go by.
    Days(u32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Programme {
    Enforced,
    Observed,
    WithoutRevoker,
    WithoutEscalation,
    Strict,
    OnePartner,
    OnePartnerAcceptedUntilOver,
    None,
}

impl Programme {
    fn controls(self) -> String {
        let one = CONTROL.replace("\"audit\"", "\"platform\"");
        match self {
            Self::Enforced | Self::Strict => CONTROL.to_owned(),
            Self::Observed => CONTROL.replace("enforce", "observe"),
            Self::WithoutRevoker => CONTROL.replace("revokes = \"platform\"\n", ""),
            Self::WithoutEscalation => CONTROL.replace("escalation = \"asha\"\n", ""),
            Self::OnePartner => one,
            Self::OnePartnerAcceptedUntilOver => format!(
                "{one}accepted = [{{ warning = \"one_partner_everywhere\", until = 2026-12-20, reason = \"few people\" }}]\n"
            ),
            Self::None => String::new(),
        }
    }

    fn files(self) -> tenure_judge::ProgrammeFiles {
        let mut files = files(&self.controls());
        if self == Self::Strict
            && let Some(main) = files.0.get_mut("programme.toml")
        {
            *main = main.replacen("version = 1", "version = 1\ncheck = \"refuse\"", 1);
        }
        files
    }

    /// Whether its files let anything be proposed then.
    fn lets(self, now: Instant) -> bool {
        match self {
            Self::Enforced | Self::Strict => true,
            Self::OnePartnerAcceptedUntilOver => now < Instant::parse("2026-12-21T00:00:00Z").unwrap(),
            Self::Observed
            | Self::WithoutRevoker
            | Self::WithoutEscalation
            | Self::OnePartner
            | Self::None => false,
        }
    }
}

/// What was done, and what follows from it for whoever knows the rules.
struct Oracle {
    programme: Programme,
    ravi: Option<Actor>,
    acknowledged: Option<Instant>,
}

impl Oracle {
    fn passes(&self, now: Instant) -> bool {
        let reached = self.acknowledged.is_some_and(|at| now.since(at) < DAY * 92);
        self.programme.lets(now) && self.ravi.is_some() && reached
    }
}

async fn proposed(engine: &Engine) -> usize {
    let entries = engine.log_page(None, 1_000).await.unwrap();
    entries.iter().filter(|(_, entry)| entry.kind == "plan.proposed").count()
}

/// Does it all and returns how many plans were proposed; each of them when the check passed.
async fn happens(events: &[Event]) -> usize {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let asha = actor(engine).await;
    let mut oracle = Oracle { programme: Programme::None, ravi: None, acknowledged: None };
    let mut before = 0;
    for event in events {
        match event {
            Event::Apply(programme) => {
                apply(engine, programme.files()).await;
                oracle.programme = *programme;
            }
            Event::RaviComes if oracle.ravi.is_none() => {
                oracle.ravi = Some(person(engine, "ravi", Role::Operator).await);
            }
            Event::RaviGoes if oracle.ravi.take().is_some() => {
                engine.remove_person(asha, "ravi").await.unwrap();
            }
            Event::RaviComes | Event::RaviGoes => {}
            Event::Acknowledge => {
                let said = engine.acknowledge(asha).await;
                if let Ok(contact) = said {
                    oracle.acknowledged = contact.acknowledged;
                }
            }
            Event::Days(days) => {
                bench.clock.advance(DAY * *days);
            }
        }
        engine.judge_touched().await.unwrap();
        let passed = oracle.passes(engine.now());
        engine.follow_consequences().await.unwrap();
        let now = proposed(engine).await;
        assert!(
            now == before || passed,
            "proposed while the check did not pass, after {event:?} of {events:?}"
        );
        before = now;
    }
    before
}

fn event() -> impl Strategy<Value = Event> {
    let programme = prop_oneof![
        4 => Just(Programme::Enforced),
        1 => Just(Programme::Observed),
        1 => Just(Programme::WithoutRevoker),
        1 => Just(Programme::WithoutEscalation),
        1 => Just(Programme::Strict),
        1 => Just(Programme::OnePartner),
        2 => Just(Programme::OnePartnerAcceptedUntilOver),
        1 => Just(Programme::None),
    ];
    prop_oneof![
        3 => programme.prop_map(Event::Apply),
        2 => Just(Event::RaviComes),
        1 => Just(Event::RaviGoes),
        2 => Just(Event::Acknowledge),
        4 => prop_oneof![Just(1), Just(7), Just(8), Just(30), Just(91)].prop_map(Event::Days),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 64, ..ProptestConfig::default() })]
    #[test]
    fn tenure_proposes_nothing_for_a_control_whose_check_does_not_pass(events in prop::collection::vec(event(), 1..14)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(happens(&events));
    }
}

#[tokio::test]
async fn the_same_events_in_a_good_order_do_propose() {
    let good = |programme| {
        [Event::RaviComes, Event::Apply(programme), Event::Acknowledge, Event::Days(1), Event::Days(7)]
    };
    for programme in [Programme::Enforced, Programme::Strict, Programme::OnePartnerAcceptedUntilOver] {
        assert_eq!(happens(&good(programme)).await, 1, "{programme:?}");
    }
    for programme in
        [Programme::Observed, Programme::WithoutRevoker, Programme::WithoutEscalation, Programme::OnePartner]
    {
        assert_eq!(happens(&good(programme)).await, 0, "{programme:?}");
    }
}
