//! least_privilege
