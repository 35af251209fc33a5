//! Rights held back until they can be handed over in the order of who holds them.
//!
//! The server gives rights object by object; whoever keeps them keeps them by principal, and
//! writing in that order is several times cheaper. About a million rights are held at most,
//! in twelve bytes each beside the names of their objects; more are handed over in several
//! runs, each in order. Never drops one.

use super::{
    grants::granted,
    pages::{Pages, Stopped},
};
use crate::role::key_of;
use tenure_model::{Observation, PrincipalKey};

/// Rights held back before they are handed over, about.
const RIGHTS_MAX: usize = 1_000_000;

/// One right.
#[derive(Debug, Clone, Copy)]
struct Right {
    grantee: u32,
    /// Place in `objects`.
    object: u32,
    /// Place in `names`.
    name: u32,
}

impl Right {
    /// By holder, object and name, as one number: that is compared faster than three.
    fn order(self) -> u128 {
        u128::from(self.grantee) << 64 | u128::from(self.object) << 32 | u128::from(self.name)
    }
}

/// Rights that were read and not handed over yet.
#[derive(Debug, Default)]
pub(super) struct HeldBack {
    objects: Vec<String>,
    /// The few names of rights, with a star when they may be passed on.
    names: Vec<String>,
    rights: Vec<Right>,
}

impl HeldBack {
    /// What is pushed from here on is about this object.
    pub(super) fn begin_object(&mut self, resource: &str) {
        self.objects.push(resource.to_owned());
    }

    /// Holds back one right on the object begun last.
    pub(super) fn push(&mut self, grantee: u32, right: &str) {
        let name = self.names.iter().position(|known| known == right).unwrap_or_else(|| {
            self.names.push(right.to_owned());
            self.names.len() - 1
        });
        let object = self.objects.len().saturating_sub(1);
        self.rights.push(Right { grantee, object: place(object), name: place(name) });
    }

    /// Whether it is time to hand over.
    pub(super) fn is_full(&self) -> bool {
        self.rights.len() >= RIGHTS_MAX
    }

    /// Hands over everything: by holder, then by the name of the object.
    pub(super) async fn hand_over(mut self, pages: &mut Pages<'_>) -> Result<(), Stopped> {
        self.number_objects_by_name();
        self.rights.sort_unstable_by_key(|right| right.order());
        let mut holder: Option<(u32, PrincipalKey)> = None;
        for right in self.rights {
            let key = match &holder {
                Some((oid, key)) if *oid == right.grantee => key.clone(),
                _ => holder.insert((right.grantee, key_of(right.grantee))).1.clone(),
            };
            // By INVARIANT both are there: places are only made by `begin_object` and `push`.
            let resource = self.objects.get(right.object as usize).map_or("", String::as_str);
            let name = self.names.get(right.name as usize).map_or("", String::as_str);
            pages.push(Observation::Grant(granted(key, resource, name))).await?;
        }
        Ok(())
    }

    /// Sorts the objects by name, and lets every right point where its object is now.
    fn number_objects_by_name(&mut self) {
        let mut named: Vec<(String, usize)> =
            std::mem::take(&mut self.objects).into_iter().zip(0..).collect();
        named.sort_unstable();
        let mut now_at = vec![0; named.len()];
        for (now, (_, before)) in named.iter().enumerate() {
            if let Some(at) = now_at.get_mut(*before) {
                *at = place(now);
            }
        }
        for right in &mut self.rights {
            right.object = now_at.get(right.object as usize).copied().unwrap_or(right.object);
        }
        self.objects = named.into_iter().map(|(name, _)| name).collect();
    }
}

/// A place in a list that is never longer than the rows of a few portions.
fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::pages;
    use async_trait::async_trait;
    use tenure_connect::{NotObservable, SinkClosed, SurveySink};
    use tenure_model::{Completeness, Extent};

    #[derive(Default)]
    struct Lines(Vec<String>);

    #[async_trait]
    impl SurveySink for Lines {
        async fn page(&mut self, _: &Extent, page: Vec<Observation>) -> Result<(), SinkClosed> {
            self.0.extend(page.into_iter().filter_map(|seen| match seen {
                Observation::Grant(grant) => Some(format!(
                    "{} {} {} {}",
                    grant.principal.0, grant.resource, grant.right, grant.grantable
                )),
                _ => None,
            }));
            Ok(())
        }

        async fn end(&mut self, _: &Extent, _: Completeness) -> Result<(), SinkClosed> {
            Ok(())
        }

        async fn not_observable(&mut self, _: NotObservable) -> Result<(), SinkClosed> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn rights_are_handed_over_by_holder_and_object_and_none_is_lost() {
        let mut held = HeldBack::default();
        for (object, rights) in [
            ("table/z", vec![(30, "SELECT"), (7, "UPDATE*"), (7, "SELECT")]),
            ("table/a", vec![(7, "SELECT"), (30, "INSERT")]),
        ] {
            held.begin_object(object);
            for (grantee, right) in rights {
                held.push(grantee, right);
            }
        }
        let mut lines = Lines::default();
        let mut pages = pages(&mut lines, "grants/shop");
        held.hand_over(&mut pages).await.unwrap();
        pages.end_whole().await.unwrap();
        insta::assert_snapshot!(lines.0.join("\n"), @r"
        oid:7 table/a SELECT false
        oid:7 table/z SELECT false
        oid:7 table/z UPDATE true
        oid:30 table/a INSERT false
        oid:30 table/z SELECT false
        ");
    }
}
