//! Made outside, against a model of it: random histories of a system, its surveys, requests and a rule that comes and goes.
//!
//! The model was written from `docs/requests.md`: it knows what was made and which surveys looked, in numbers of events, and nothing of
//! tables or instants. Where both disagree on who is found, or on who may ask for what, one of them is wrong.

use crate::consequences::apply as put_in_force;
use crate::outside::{CLASSES, names};
use crate::requests::{Scene, programme};
use std::time::Duration;
use tenure_connect::chaos::{Call, ChaosPrincipal, Dice, Fault, FaultKind, SurveyFault};
use tenure_engine::{Belief, RequestShown};
use tenure_model::{PrincipalKey, RequestState};

const NAMES: [&str; 6] = ["app-a", "app-b", "app-c", "app-d", "free-a", "free-b"];

/// Something that was made at the source.
struct Thing {
    key: PrincipalKey,
    name: String,
    is_there: bool,
    /// The event at which a survey first saw it.
    seen: Option<usize>,
    /// Its name as the last survey that read all names saw it; nothing where it saw it gone.
    known: Option<String>,
    is_outside: bool,
    /// A request was used for it, in time or late.
    is_used: bool,
}

/// A request, as far as the model follows it.
struct Wanted {
    shown: RequestShown,
    name: String,
    /// The thing that was there already.
    late_for: Option<usize>,
    state: RequestState,
    /// The event at which a complete survey did not see it.
    absent: Option<usize>,
}

#[derive(Default)]
struct Model {
    event: usize,
    things: Vec<Thing>,
    wanted: Vec<Wanted>,
    asks: bool,
    /// The last complete survey under the rule.
    watched: Option<usize>,
    gone_since: usize,
    found: usize,
    excused: usize,
    /// What happened, for whoever reads why both disagree.
    told: Vec<String>,
}

/// The classes, which ask or not.
fn classes(asks: bool) -> String {
    if asks { CLASSES.to_owned() } else { CLASSES.replace("made_by_request = true\n", "") }
}

impl Model {
    fn tell(&mut self, what: String) {
        self.told.push(format!("{}: {what}", self.event));
    }

    fn named(&self, name: &str) -> Option<usize> {
        self.things.iter().position(|one| one.is_there && one.name == name)
    }

    fn known(&self, name: &str) -> Option<usize> {
        self.things.iter().position(|one| one.known.as_deref() == Some(name))
    }

    /// Whose findings are open.
    fn open(&self) -> Vec<String> {
        let open = self.things.iter().filter(|one| self.asks && one.is_outside && !one.is_used);
        let mut names: Vec<String> =
            open.filter_map(|one| one.known.as_ref().map(|name| format!("main/{name}"))).collect();
        names.sort();
        names
    }

    /// A survey that read every name; a complete one also settles what was asked for.
    fn read(&mut self, is_complete: bool) {
        self.tell(format!("a survey, complete {is_complete}"));
        self.gone_since = 0;
        for one in &mut self.things {
            one.known = one.is_there.then(|| one.name.clone());
            one.seen = one.seen.or(one.is_there.then_some(self.event));
        }
        if is_complete {
            self.use_requests();
            self.find();
        }
    }

    fn use_requests(&mut self) {
        for index in 0..self.wanted.len() {
            let (name, state) = (self.wanted[index].name.clone(), self.wanted[index].state);
            if state != RequestState::Approved {
                continue;
            }
            let there = self.named(&name);
            let wanted = &mut self.wanted[index];
            match there {
                None => wanted.absent = wanted.absent.or(Some(self.event)),
                Some(there) if wanted.absent.is_some_and(|absent| self.things[there].seen > Some(absent)) => {
                    wanted.state = RequestState::Fulfilled;
                    self.things[there].is_used = true;
                }
                Some(_) => wanted.state = RequestState::Lapsed,
            }
        }
    }

    fn find(&mut self) {
        if !self.asks {
            return;
        }
        if let Some(before) = self.watched {
            let is_new = |one: &&mut Thing| {
                one.is_there && one.seen > Some(before) && one.name.starts_with("app-") && !one.is_used
            };
            for one in self.things.iter_mut().filter(is_new) {
                self.found += usize::from(!one.is_outside);
                one.is_outside = true;
            }
        }
        self.watched = Some(self.event);
    }
}

#[tokio::test]
async fn what_is_found_is_what_a_model_of_made_outside_finds() {
    let (mut found, mut excused) = (0, 0);
    for seed in 0..24 {
        let scene = Scene::seeded(seed + 1).await;
        let mut dice = Dice::new(seed.wrapping_mul(6_151) + 11);
        let mut model = Model { asks: true, ..Model::default() };
        put_in_force(scene.engine(), programme(&classes(true), "")).await;
        for _ in 0..70 {
            model.event += 1;
            scene.bench.clock.advance(Duration::from_secs(1));
            one_event(&scene, &mut dice, &mut model).await;
            let told = || model.told.join("; ");
            assert_eq!(names(scene.engine()).await, model.open(), "seed {seed}: {}", told());
        }
        found += model.found;
        excused += model.excused;
    }
    assert!(found > 50 && excused > 5, "{found} found, {excused} asked for late: the histories try nothing");
}

async fn one_event(scene: &Scene, dice: &mut Dice, model: &mut Model) {
    let name = *dice.choose(&NAMES).unwrap();
    match dice.below(15) {
        0..=2 => made(scene, model, name),
        3..=4 => renamed_or_gone(scene, dice, model, name),
        5 => back(scene, dice, model),
        6 => asked(scene, model, name).await,
        7..=8 => decided(scene, dice, model).await,
        9 if dice.below(4) == 0 => {
            model.tell(format!("the rule {}", if model.asks { "ends" } else { "begins" }));
            model.asks = !model.asks;
            model.watched = None;
            put_in_force(scene.engine(), programme(&classes(model.asks), "")).await;
        }
        10 => {
            let half = FaultKind::Survey(SurveyFault::HalfDenied);
            scene.bench.world.script(Fault { on: Call::Observe, nth: 1, what: half });
            scene.engine().survey(None, "main", Belief::HoldWhenMuchIsMissing).await.unwrap();
            model.read(false);
        }
        11 => {
            scene.bench.world.take_down("the network is gone");
            scene.engine().survey(None, "main", Belief::HoldWhenMuchIsMissing).await.unwrap_err();
            scene.bench.world.bring_up();
        }
        _ => {
            scene.survey().await;
            model.read(true);
        }
    }
}

fn made(scene: &Scene, model: &mut Model, name: &str) {
    if model.named(name).is_some() {
        return;
    }
    model.tell(format!("{name} is made"));
    let key = scene.bench.world.create(ChaosPrincipal::account(name, &format!("{name}Value0000000001")));
    model.things.push(Thing {
        key,
        name: name.to_owned(),
        is_there: true,
        seen: None,
        known: None,
        is_outside: false,
        is_used: false,
    });
}

fn renamed_or_gone(scene: &Scene, dice: &mut Dice, model: &mut Model, name: &str) {
    let there: Vec<usize> = (0..model.things.len()).filter(|index| model.things[*index].is_there).collect();
    let Some(index) = dice.choose(&there).copied() else { return };
    if dice.below(2) == 0 && model.named(name).is_none() {
        model.tell(format!("{} becomes {name}", model.things[index].name));
        scene.bench.world.rename(&model.things[index].key, name).unwrap();
        name.clone_into(&mut model.things[index].name);
    } else if model.gone_since < 3 {
        // More at once, and the survey is held.
        model.tell(format!("{} is gone", model.things[index].name));
        scene.bench.world.remove(&model.things[index].key).unwrap();
        model.things[index].is_there = false;
        model.gone_since += 1;
    }
}

fn back(scene: &Scene, dice: &mut Dice, model: &mut Model) {
    let gone = |one: &Thing| !one.is_there && model.named(&one.name).is_none();
    let gone: Vec<usize> = (0..model.things.len()).filter(|index| gone(&model.things[*index])).collect();
    let Some(index) = dice.choose(&gone).copied() else { return };
    model.tell(format!("{} is back", model.things[index].name));
    let one = &mut model.things[index];
    let key = Some(one.key.clone());
    scene
        .bench
        .world
        .create(ChaosPrincipal { key, ..ChaosPrincipal::account(&one.name, "BackValue00000001") });
    one.is_there = true;
}

async fn asked(scene: &Scene, model: &mut Model, name: &str) {
    let late_for = model.known(name);
    let is_open = |index: usize| model.things[index].is_outside && !model.things[index].is_used;
    let waits =
        |one: &Wanted| one.name == name && matches!(one.state, RequestState::Asked | RequestState::Approved);
    let may = late_for.is_none_or(is_open) && !model.wanted.iter().any(waits);
    let made = scene.engine().create_request(scene.ravi, scene.wish(name)).await;
    assert_eq!(made.is_ok(), may, "{name} at event {}: {made:?}", model.event);
    if let Ok(shown) = made {
        assert_eq!(shown.row.wanted.late_for().is_some(), late_for.is_some());
        let (name, state) = (name.to_owned(), RequestState::Asked);
        model.tell(format!("{name} is asked for, late {}", late_for.is_some()));
        model.wanted.push(Wanted { shown, name, late_for, state, absent: None });
    }
}

async fn decided(scene: &Scene, dice: &mut Dice, model: &mut Model) {
    let asked = |one: &Wanted| one.state == RequestState::Asked;
    let waiting: Vec<usize> = (0..model.wanted.len()).filter(|index| asked(&model.wanted[*index])).collect();
    let Some(index) = dice.choose(&waiting).copied() else { return };
    let by = *dice.choose(&[scene.ravi, scene.ola, scene.asha]).unwrap();
    let outcome = scene.approve(by, &model.wanted[index].shown).await;
    if by.person == scene.ravi.person {
        assert!(outcome.is_err(), "whoever asked decides nothing");
        return;
    }
    model.tell(format!("{} is approved", model.wanted[index].name));
    let wanted = &mut model.wanted[index];
    wanted.state = match wanted.late_for.map(|there| &mut model.things[there]) {
        None => RequestState::Approved,
        Some(there) if there.known.as_deref() == Some(&*wanted.name) => {
            there.is_used = true;
            model.excused += 1;
            RequestState::Fulfilled
        }
        Some(_) => RequestState::Lapsed,
    };
    assert_eq!(outcome.unwrap().row.state, wanted.state, "{} at event {}", wanted.name, model.event);
}
