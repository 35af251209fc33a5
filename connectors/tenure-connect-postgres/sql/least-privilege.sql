-- An account for Tenure in PostgreSQL 15. Run as a superuser with psql, in the database that
-- Tenure's address names. Take the parts you want: each says what goes dark without it, and
-- Tenure says so in every survey. Then set a password:  \password tenure

-- [account] Required. With this alone Tenure sees roles, attributes, memberships, owners,
-- rights and comments, in every database that PUBLIC may connect to.
CREATE ROLE tenure LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION CONNECTION LIMIT 20;
COMMENT ON ROLE tenure IS 'Tenure: reads and ends non-human identities';
ALTER ROLE tenure INHERIT; -- so that the memberships below take effect

-- [databases] Where CONNECT was taken from PUBLIC, Tenure is blind in that database and
-- cannot delete a role that holds something in it. Repeat for each such database:
--   GRANT CONNECT ON DATABASE shop TO tenure;

-- [sessions] Where sessions come from (client address). Counts are visible without it.
GRANT pg_read_all_stats TO tenure;

-- [rules] Which roles are let in without a password (pg_hba.conf).
GRANT SELECT ON pg_catalog.pg_hba_file_rules TO tenure;
GRANT EXECUTE ON FUNCTION pg_catalog.pg_hba_file_rules() TO tenure;

-- [verifiers] Stored password verifiers: which roles have a password, md5, guessable and
-- equal ones, and an undo that brings the former password back. Verifiers can be guessed at
-- offline by whoever holds them: Tenure keeps only a keyed hash, and seals what an undo needs.
GRANT SELECT ON pg_catalog.pg_authid TO tenure;

-- [copies] Passwords kept in user mappings and subscriptions. They are kept in clear, so this
-- lets the account read them; Tenure keeps only a keyed hash. Repeat in each database.
GRANT SELECT ON pg_catalog.pg_user_mapping, pg_catalog.pg_subscription TO tenure;

-- [end-sessions] Ending sessions of roles that are not superusers.
GRANT pg_signal_backend TO tenure;

-- [act] Denying, disabling, enabling and deleting roles that are not superusers. In
-- PostgreSQL 15 CREATEROLE may change every role that is no superuser and may take any
-- such role's membership, so guard this account's password as you guard those roles.
ALTER ROLE tenure CREATEROLE;

-- [quiet] Keeps the statements that hold a verifier out of the server's log (PostgreSQL 15).
GRANT SET ON PARAMETER log_statement, log_min_duration_statement, log_min_duration_sample,
  log_min_error_statement TO tenure;
