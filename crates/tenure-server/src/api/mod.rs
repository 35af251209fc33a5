//! Every endpoint, one per file: what it says about itself, and a handler that parses,
//! authorises, calls one verb and shows the answer.
//!
//! A new endpoint is a new file and a line in `ENDPOINTS`; without a line it is not served, and
//! a line without a row in the golden matrix fails the tests.

mod as_of;
mod clocks;
pub(crate) mod csv;
pub(crate) mod delegations;
mod events;
mod evidence;
pub(crate) mod exceptions;
pub(crate) mod filter;
mod find;
mod findings;
pub(crate) mod handoffs;
mod identities;
mod inbox;
pub(crate) mod inventory;
mod keys;
mod log;
mod messages;
pub(crate) mod ownership;
mod people;
mod plans;
pub(crate) mod prelude;
mod programme;
pub(crate) mod report;
pub(crate) mod requests;
pub(crate) mod reviews;
mod sources;
mod surveys;
mod system;
pub(crate) mod tickets;

use crate::{
    endpoint::Endpoint,
    scim::{discovery, groups, listing as scim_listing, users},
};

pub(crate) use identities::listing;
pub(crate) use identities::{confirm as confirming, find as find_identity};
pub(crate) use plans::{events::has_settled, find as find_plan, whose as whose_plan};
pub(crate) use surveys::begin::begin as begin_survey;

/// Every endpoint of the API, in the order of the documents.
pub(crate) static ENDPOINTS: &[&Endpoint] = &[
    &system::status::ENDPOINT,
    &system::doctor::ENDPOINT,
    &report::ENDPOINT,
    &inbox::ENDPOINT,
    &programme::show::ENDPOINT,
    &programme::check::ENDPOINT,
    &programme::ready::ENDPOINT,
    &programme::acknowledge::ENDPOINT,
    &programme::playbooks::SHOW,
    &programme::playbooks::DRILL,
    &programme::consequences::ENDPOINT,
    &programme::foresee::ENDPOINT,
    &programme::replay::ENDPOINT,
    &programme::apply::ENDPOINT,
    &programme::list::ENDPOINT,
    &programme::version::ENDPOINT,
    &people::list::ENDPOINT,
    &people::add::ENDPOINT,
    &people::show::ENDPOINT,
    &people::leaving::ENDPOINT,
    &people::remove::ENDPOINT,
    &people::role::ENDPOINT,
    &people::token::ENDPOINT,
    &people::revoke::ALL,
    &people::revoke::ONE,
    &people::link::LINK,
    &people::link::UNLINK,
    &people::provisioning::LIST,
    &people::provisioning::MAKE,
    &people::provisioning::REVOKE,
    &people::teams::LIST,
    &people::teams::MAP,
    &people::import::PREVIEW,
    &people::import::IMPORT,
    &people::ldap::SHOW,
    &people::ldap::PREVIEW,
    &people::ldap::READ,
    &people::held::LIST,
    &people::held::DECIDE,
    &messages::list::ENDPOINT,
    &messages::mail::SHOW,
    &messages::mail::SET,
    &messages::chats::SHOW,
    &messages::chats::SET,
    &messages::test::ENDPOINT,
    &events::LIST,
    &events::TEST,
    &system::code::ENDPOINT,
    &sources::list::ENDPOINT,
    &sources::csv::ENDPOINT,
    &sources::add::ENDPOINT,
    &sources::show::ENDPOINT,
    &sources::change::ENDPOINT,
    &sources::leaving::ENDPOINT,
    &sources::remove::ENDPOINT,
    &sources::check::ENDPOINT,
    &sources::baseline::ENDPOINT,
    &sources::set_baseline::ENDPOINT,
    &surveys::begin::ENDPOINT,
    &surveys::decide::ENDPOINT,
    &surveys::show::ENDPOINT,
    &identities::list::ENDPOINT,
    &inventory::csv::IDENTITIES,
    &identities::show::ENDPOINT,
    &identities::explain::ENDPOINT,
    &identities::who::ENDPOINT,
    &identities::by_hand::ENDPOINT,
    &identities::confirm::SHOW,
    &identities::confirm::ANSWER,
    &identities::own::ENDPOINT,
    &find::ENDPOINT,
    &ownership::pass_on::ENDPOINT,
    &ownership::suggestions::ENDPOINT,
    &ownership::claimable::ENDPOINT,
    &ownership::claim::ENDPOINT,
    &ownership::charters::ENDPOINT,
    &ownership::import::ENDPOINT,
    &inventory::principals::ENDPOINT,
    &inventory::csv::PRINCIPALS,
    &inventory::credentials::ENDPOINT,
    &inventory::csv::CREDENTIALS,
    &inventory::grants::ENDPOINT,
    &inventory::csv::GRANTS,
    &inventory::findings::ENDPOINT,
    &findings::queue::ENDPOINT,
    &findings::show::ENDPOINT,
    &findings::beside::ENDPOINT,
    &findings::dismiss::ENDPOINT,
    &findings::withdraw::ENDPOINT,
    &exceptions::request::ENDPOINT,
    &exceptions::list::ENDPOINT,
    &exceptions::figures::ENDPOINT,
    &exceptions::show::ENDPOINT,
    &exceptions::decide::ENDPOINT,
    &exceptions::withdraw::ENDPOINT,
    &requests::create::ENDPOINT,
    &requests::list::ENDPOINT,
    &requests::show::ENDPOINT,
    &requests::decide::ENDPOINT,
    &requests::withdraw::ENDPOINT,
    &clocks::list::ENDPOINT,
    &clocks::pause::ENDPOINT,
    &clocks::resume::ENDPOINT,
    &delegations::offer::ENDPOINT,
    &delegations::list::ENDPOINT,
    &delegations::show::ENDPOINT,
    &delegations::answer::ENDPOINT,
    &delegations::withdraw::ENDPOINT,
    &handoffs::offer::ENDPOINT,
    &handoffs::many::PREVIEW,
    &handoffs::many::ENDPOINT,
    &handoffs::list::ENDPOINT,
    &handoffs::show::ENDPOINT,
    &handoffs::answer::ENDPOINT,
    &handoffs::withdraw::ENDPOINT,
    &reviews::start::ENDPOINT,
    &reviews::preview::ENDPOINT,
    &reviews::list::ENDPOINT,
    &reviews::show::ENDPOINT,
    &reviews::items::ENDPOINT,
    &reviews::cancel::ENDPOINT,
    &reviews::mine::ENDPOINT,
    &reviews::item::ENDPOINT,
    &reviews::decide::ENDPOINT,
    &reviews::alike::ENDPOINT,
    &tickets::import::PREVIEW,
    &tickets::import::IMPORT,
    &tickets::hook::ENDPOINT,
    &tickets::list::ENDPOINT,
    &as_of::figures::ENDPOINT,
    &as_of::identities::ENDPOINT,
    &as_of::identity::ENDPOINT,
    &as_of::population::ENDPOINT,
    &as_of::sample::ENDPOINT,
    &plans::list::ENDPOINT,
    &plans::csv::ENDPOINT,
    &plans::draft::ENDPOINT,
    &plans::show::ENDPOINT,
    &plans::apply::ENDPOINT,
    &plans::undo::ENDPOINT,
    &plans::withdraw::ENDPOINT,
    &plans::evidence::ENDPOINT,
    &plans::events::ENDPOINT,
    &evidence::status::ENDPOINT,
    &evidence::entries::ENDPOINT,
    &evidence::export::ENDPOINT,
    &evidence::cosigned::ENDPOINT,
    &evidence::cosign::ENDPOINT,
    &system::backup::ENDPOINT,
    &keys::list::ENDPOINT,
    &keys::rotate::ENDPOINT,
    &keys::retire::ENDPOINT,
    &discovery::ABILITIES,
    &discovery::TYPES,
    &discovery::ONE_TYPE,
    &discovery::SCHEMAS,
    &discovery::ONE_SCHEMA,
    &scim_listing::USERS,
    &users::MAKE,
    &users::SHOW,
    &users::REPLACE,
    &users::CHANGE,
    &users::DELETE,
    &scim_listing::GROUPS,
    &groups::MAKE,
    &groups::SHOW,
    &groups::REPLACE,
    &groups::CHANGE,
    &groups::DELETE,
    &scim_listing::SEARCH_USERS,
    &scim_listing::SEARCH_GROUPS,
    &scim_listing::SEARCH,
    &system::openapi::ENDPOINT,
    &system::metrics::ENDPOINT,
    &system::health::ENDPOINT,
    &system::ready::ENDPOINT,
    &log::checkpoint::ENDPOINT,
    &log::tile::ENDPOINT,
];
