//! What all requests share: the engine, and what the server itself remembers.
//!
//! Everything here is lost at a restart and nothing is missed: sessions end, surveys are begun
//! anew. Each part guards itself with a lock that is never held across an await.

use crate::{
    guard::Hosts,
    look_ups::LookUps,
    provider::{ProviderDoor, SignInOptions, host_of},
    repeat::CallsUnderWay,
    sign_in::SignIn,
    surveying::Surveying,
};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tenure_engine::Engine;
use tokio::{sync::watch, task::JoinSet};

/// What all requests share.
pub(crate) type Shared = Arc<Front>;

/// The server's own memory.
pub(crate) struct Front {
    pub(crate) engine: Arc<Engine>,
    pub(crate) hosts: Hosts,
    pub(crate) sign_in: SignIn,
    /// Under which address people reach this server, where a proxy passes requests on.
    pub(crate) public_url: Option<String>,
    /// The OpenID provider by which people sign in, where there is one.
    pub(crate) provider: Option<ProviderDoor>,
    /// How long ago somebody may have shown who they are to decide what is dangerous.
    pub(crate) step_up: Duration,
    pub(crate) surveying: Surveying,
    pub(crate) calls: CallsUnderWay,
    pub(crate) look_ups: LookUps,
    /// Becomes true when the server stops: whatever streams ends.
    pub(crate) stopping: watch::Sender<bool>,
    surveys: Mutex<JoinSet<()>>,
}

impl Front {
    pub(crate) fn new(engine: Arc<Engine>, hosts: Hosts, options: SignInOptions) -> Shared {
        let SignInOptions { provider, step_up } = options;
        let public = provider.as_ref().map(|provider| host_of(&provider.public_url));
        Arc::new(Self {
            engine,
            hosts: hosts.and(public.as_deref()),
            sign_in: SignIn::default(),
            public_url: provider.as_ref().map(|provider| provider.public_url.as_str().to_owned()),
            provider: provider.map(ProviderDoor::new),
            step_up,
            surveying: Surveying::default(),
            calls: CallsUnderWay::default(),
            look_ups: LookUps::default(),
            stopping: watch::Sender::new(false),
            surveys: Mutex::new(JoinSet::new()),
        })
    }

    /// Runs a survey in the background, until it is done or the server stops.
    pub(crate) fn run_survey(&self, survey: impl Future<Output = ()> + Send + 'static) {
        let mut surveys = self.surveys.lock().unwrap_or_else(PoisonError::into_inner);
        while surveys.try_join_next().is_some() {}
        surveys.spawn(survey);
    }

    /// Cuts off surveys that run; the next one of a source notes that.
    pub(crate) async fn stop_surveys(&self) {
        let mut surveys = std::mem::take(&mut *self.surveys.lock().unwrap_or_else(PoisonError::into_inner));
        surveys.shutdown().await;
    }
}
