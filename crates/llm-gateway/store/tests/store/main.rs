//! The same cases on SQLite, PostgreSQL and MariaDB. SQLite's always run; a server's run together, each in a database
//! of its own, on a server that the test starts.
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod audit;
mod away;
mod bench;
mod cascades;
mod documents;
mod facets;
mod journals;
mod keys;
mod kinds;
mod ledger;
mod lists;
mod many;
mod million;
mod reports;
mod scopes;
mod secrets;
mod shares;
mod steps;
mod texts;
mod tls;
mod together;

use bench::{Bench, Case};

/// Names each case twice: as a test on SQLite, and in the table that the servers' tests go through.
macro_rules! cases {
    ($($module:ident: $($case:ident),+;)+) => {
        const CASES: &[(&str, Case)] = &[
            $($((stringify!($case), |bench| Box::pin($module::$case(bench)))),+),+
        ];

        mod sqlite {
            $($(
                #[tokio::test]
                async fn $case() {
                    crate::$module::$case(&crate::Bench::sqlite()).await;
                }
            )+)+
        }
    };
}

cases! {
    kinds: every_kind_comes_back_as_it_was, money_is_exact, what_has_no_place_is_refused;
    texts: texts_come_back_as_they_were, ids_differ_by_every_byte, texts_that_do_not_fit_are_refused;
    documents: an_update_wants_the_version_that_was_read, what_comes_out_as_it_was_is_left_alone,
        a_refused_change_leaves_all_as_it_was, a_batch_is_one_change, spend_is_set_and_kept;
    together: fifty_changes_at_once_are_all_kept, fifty_updates_of_one_version_have_one_winner,
        names_are_taken_once, those_who_change_the_same_get_through, no_key_outlives_its_team, what_is_dropped_half_way_leaves_nothing;
    cascades: a_team_takes_what_is_its_own, an_organization_takes_its_teams, a_user_takes_keys_and_memberships,
        what_bounds_others_stays, what_is_referred_to_must_be_there, groups_forget_who_goes;
    scopes: nobody_finds_what_is_foreign, an_organization_reaches_its_own, nobody_changes_what_is_foreign,
        scopes_mean_what_they_say;
    keys: a_key_is_found_by_its_hash, a_rotated_key_works_by_both, a_rotated_key_without_grace_works_by_one,
        a_batch_rotates_the_version_that_was_read, one_claims_a_rotation,
        the_text_that_a_key_is_given_opens_it_all_the_while, a_key_is_named_by_the_text_that_it_is_given,
        keys_that_are_due_are_found, deleted_keys_are_listed;
    lists: filters_find, orders_hold_on_every_page, pages_stand_still_while_records_come, counts_are_of_all_pages, counts_are_by_value,
        what_is_no_query_is_refused;
    facets: reports_are_the_sums_of_entries, reports_are_within_reach;
    audit: every_change_is_told, secrets_are_not_told, the_log_is_searched;
    journals: changes_reach_others, own_changes_are_told_at_once, what_is_rolled_back_is_not_told, changes_that_overlap_are_told_once,
        many_changes_are_one, what_is_old_is_swept;
    secrets: secrets_are_sealed_anew;
    ledger: entries_come_back_as_they_were, a_batch_is_booked_once, records_spend_what_is_booked,
        strange_texts_are_booked, batches_at_once_are_booked_once, a_ledger_that_is_wrong_is_found;
    reports: lists_of_entries_are_filtered, pages_of_entries_hold_together, days_are_summed_as_one_likes,
        nobody_reads_foreign_entries, old_entries_go, budgets_begin_anew, budgets_begin_anew_by_the_calendar;
    shares: shares_never_exceed_the_limit, a_silent_replica_loses_its_shares, booking_settles_shares,
        what_nobody_holds_is_forgotten, requests_and_tokens_are_booked_to_rates, who_may_hold_shares_is_on_the_roll;
    steps: steps_go_back_and_forth, a_newer_schema_is_refused, an_older_schema_is_refused_where_it_may_not_change;
}

/// What only servers do: serve several processes.
const SERVERS: &[(&str, Case)] = &[
    ("eight_at_once_migrate_once", |bench| Box::pin(steps::eight_at_once_migrate_once(bench))),
    ("one_connection_is_enough", |bench| Box::pin(journals::one_connection_is_enough(bench))),
    ("a_deadlock_is_begun_again", |bench| Box::pin(together::a_deadlock_is_begun_again(bench))),
];

#[test]
#[ignore = "needs PostgreSQL"]
fn postgres() {
    bench::on_server(llm_test_servers::Kind::Postgres, &[CASES, SERVERS].concat());
}

#[test]
#[ignore = "needs MariaDB"]
fn mariadb() {
    bench::on_server(llm_test_servers::Kind::MariaDb, &[CASES, SERVERS].concat());
}
