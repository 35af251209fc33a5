//! Points that are one server under two addresses: what such a server refuses counts once, not twice.

use crate::{
    cluster::Cluster,
    source::{Peer, PostgresSource},
};
use tenure_model::ShortName;

/// Points that lead to the server of an earlier one, each with that one. A point that does not answer, or
/// is a pooler, is left out: nothing is known of it here.
pub(crate) async fn doubles(source: &PostgresSource, primary: Cluster) -> Vec<(ShortName, ShortName)> {
    let mut known = vec![(source.primary.name.clone(), primary)];
    let mut doubles = Vec::new();
    for place in source.servers().skip(1) {
        let Ok(Peer::Server(mut session)) = source.open_peer(place, primary).await else { continue };
        let found = match session.look().await {
            Ok(transaction) => Cluster::of(&transaction).await.ok(),
            Err(_) => None,
        };
        session.close().await;
        let Some(found) = found else { continue };
        match known.iter().find(|(_, cluster)| *cluster == found) {
            Some((first, _)) => doubles.push((place.name.clone(), first.clone())),
            None => known.push((place.name.clone(), found)),
        }
    }
    doubles
}
