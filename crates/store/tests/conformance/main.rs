//! What every database under `Store` must do. A case is given a fresh store and knows nothing of what is under it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail where it stands"
)]

mod accept;
mod applications;
mod brokered;
mod came_back;
mod columns;
mod cut;
mod events;
mod fresh;
mod keys;
mod logos;
mod machines;
mod machines_other;
mod mail_accounts;
mod moving;
mod notices;
mod pause;
mod people;
mod preferences;
mod reports;
mod returned;
mod saved_notices;
mod schedules;
mod sealed;
mod search;
mod sent;
mod server;
mod sign_in;
mod staff;
mod start;
mod unreachable;
mod unsettled;
mod upkeep;
mod worker;

/// Makes each case a test on each database; a further database is a further module here. Those on PostgreSQL need a server: where none is
/// named they are not run, and say so.
macro_rules! cases {
    ($($module:ident::$case:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test]
            async fn $case() {
                crate::$module::$case(&crate::fresh::Fresh::new()).await;
            })+
        }

        mod on_postgres {
            $(#[tokio::test]
            async fn $case() {
                let Some(server) = crate::server::Server::named() else { return };
                let fresh = crate::fresh::Fresh::on(server.schema().await);
                crate::$module::$case(&fresh).await;
                fresh.forget().await;
            })+
        }

        /// Whatever a case leaves in a file goes to a server, and back.
        mod moved {
            $(#[tokio::test]
            async fn $case() {
                let Some(server) = crate::server::Server::named() else { return };
                let fresh = crate::fresh::Fresh::new();
                crate::$module::$case(&fresh).await;
                crate::moving::there_and_back(fresh, server.schema().await).await;
            })+
        }
    };
}

cases! {
    accept::accept_is_all_or_nothing_in_order,
    accept::the_door_is_kept,
    accept::an_attempt_keeps_why_it_was_not_made_at_the_first_server,
    accept::concurrent_accepts_share_commits,
    accept::ids_are_never_used_twice,
    accept::a_request_is_made_once,
    accept::what_is_stored_is_told_before_the_answer,
    applications::an_application_is_kept_as_it_was_added,
    applications::a_change_changes_nothing_else,
    applications::disabled_until_it_is_enabled,
    applications::keys_come_and_go_one_by_one,
    applications::the_last_use_of_a_key_is_the_latest,
    applications::what_waits_of_an_application_is_counted,
    applications::what_an_application_handed_in_is_counted_from_an_instant_on,
    columns::what_was_said_of_columns_is_remembered_until_it_is_forgotten,
    columns::the_columns_that_were_said_longest_ago_are_forgotten,
    came_back::what_comes_back_is_returned_and_reported_once,
    came_back::a_delay_returns_nobody,
    came_back::what_is_tied_to_nobody_changes_nothing,
    came_back::what_is_not_settled_yet_comes_back_later,
    came_back::a_report_that_comes_back_causes_no_report,
    events::every_change_is_an_event,
    events::what_people_and_age_do_is_an_event,
    events::an_event_reads_the_same_each_time,
    events::events_are_read_in_parts,
    events::old_events_are_forgotten,
    events::tags_are_kept_and_listed,
    events::a_web_address_is_told_and_tried_again,
    schedules::a_schedule_is_kept_as_it_was_said,
    schedules::a_moment_is_taken_once,
    schedules::what_a_moment_came_to_is_kept,
    schedules::a_moment_that_is_to_be_left_out_is,
    schedules::what_is_to_be_left_out_stays_so_over_a_pause,
    schedules::of_which_export_a_moment_is_made_is_known_before,
    schedules::a_moment_joins_one_that_is_not_over,
    schedules::a_run_is_known_by_its_export,
    schedules::what_somebody_stopped_is_on_record_and_was_not_sent,
    schedules::what_was_stopped_is_not_what_was_sent_last,
    schedules::a_schedule_that_rests_takes_no_moment,
    schedules::what_is_asked_for_now_is_asked_for_once,
    sealed::what_is_sealed_is_sealed_anew_together,
    sent::what_a_server_took_is_counted_for_a_day,
    sent::which_server_took_a_mail_is_known,
    worker::claim_takes_urgent_first_and_starves_nobody,
    worker::claim_takes_turns_among_applications_and_runs,
    worker::claim_keeps_practice_apart,
    worker::claim_never_cuts_a_message,
    worker::claim_says_who_was_in_doubt,
    worker::claim_ends_at_so_many_bytes,
    worker::claim_spreads_after_a_recovery,
    worker::claim_spreads_by_number_not_by_id,
    worker::what_is_ours_may_leave,
    worker::a_stale_lease_changes_nothing,
    worker::late_success_ends_doubt,
    worker::practice_never_becomes_real,
    worker::given_back_is_due_as_it_was,
    worker::every_verdict_leads_to_its_state,
    worker::what_waits_for_a_limit_or_an_allowance_makes_no_older,
    worker::three_strikes_hold,
    worker::expire_returns_with_obligation,
    worker::expire_sets_aside_what_was_in_doubt,
    start::restart_sorts_what_was_in_flight,
    start::a_second_lost_answer_waits_for_a_person,
    start::restart_leaves_this_epoch_alone,
    start::nothing_is_taken_over_from_the_living,
    start::who_has_a_duty_keeps_it,
    start::three_deaths_alone_strike_out,
    start::a_clock_that_nobody_set_moves_nothing,
    start::epoch_rises_and_store_id_stays,
    preferences::what_is_set_is_kept_with_its_changes,
    preferences::each_change_stands_in_the_log,
    preferences::who_comes_second_is_told,
    pause::a_pause_lasts_until_it_is_ended,
    pause::that_nothing_goes_is_known_at_the_next_start,
    pause::time_in_a_pause_does_not_age,
    pause::time_set_aside_in_a_pause_counts_once,
    pause::what_has_waited_long_is_found,
    people::moves_are_legal_ones_only,
    people::what_is_for_later_is_not_tried_again,
    people::large_selections_go_in_slices,
    people::time_held_does_not_age,
    people::what_is_released_keeps_its_time,
    people::time_without_a_way_does_not_age,
    people::who_waits_for_a_person_is_counted,
    people::list_filters_and_pages,
    people::mail_is_found_from_an_instant_on,
    people::counts_agree_with_rows,
    people::mail_that_has_waited_is_found_by_when_and_why,
    people::mail_for_later_is_counted_until_its_time,
    reports::outcome_and_obligation_are_one,
    reports::what_is_owed_is_looked_up_by_address,
    reports::a_report_causes_no_report,
    reports::a_relay_is_reported_to_who_asked,
    reports::report_closes_once,
    search::mail_is_found_by_whom_it_is_for_and_what_it_is_about,
    search::words_are_looked_for_in_what_is_not_old,
    search::a_list_is_given_in_parts,
    search::a_part_looks_through_so_much_only,
    search::all_that_match_are_moved_and_no_others,
    search::what_one_decision_moved_is_found,
    search::messages_are_outlined,
    search::mail_is_counted_by_library_and_time,
    search::answers_are_counted_when_they_come_and_each_once,
    search::what_was_answered_long_ago_corrects_no_count,
    search::what_is_not_sent_is_counted_when_that_is_decided,
    search::what_waits_and_may_have_arrived_is_counted_with_its_run,
    search::what_was_reported_says_where,
    saved_notices::a_notice_is_changed_by_one_person_at_a_time,
    saved_notices::a_wording_is_changed_by_one_person_at_a_time,
    saved_notices::a_copy_has_the_words_of_its_model_and_a_name_of_its_own,
    notices::ledger_repeats_after_the_period,
    notices::one_new_item_stores_all,
    notices::what_a_person_cancelled_counts_as_not_written,
    notices::what_came_back_counts_as_written_at_its_own_address_only,
    notices::what_was_sent_again_counts_as_written,
    notices::whose_mail_came_back_again_is_counted_once,
    notices::a_cancelled_message_takes_back_what_it_wrote_and_no_more,
    notices::a_whole_run_that_is_cancelled_is_written_again,
    notices::practice_runs_leave_no_ledger,
    notices::copies_to_teachers_are_counted_apart,
    notices::runs_add_up,
    notices::a_run_that_is_asked_for_twice_is_one,
    notices::a_run_is_counted_by_library_and_listed_in_parts,
    returned::what_is_open_of_earlier_runs_is_known_with_what_it_names,
    returned::what_came_back_is_cancelled_now_or_where_it_would_wait,
    returned::what_a_person_decided_about_a_notice_stands,
    returned::what_was_being_sent_at_a_sudden_end_is_cancelled_at_the_start,
    returned::a_notice_gives_way_to_one_about_what_is_left,
    returned::a_notice_gives_way_to_one_that_names_more,
    returned::who_has_it_at_one_address_has_been_written_to,
    unreachable::who_cannot_be_reached_is_whose_last_mail_came_back,
    unreachable::who_was_reached_at_a_corrected_address_is_reached,
    unreachable::the_list_is_given_in_parts_and_by_library,
    unsettled::what_came_back_is_to_be_seen_to_until_somebody_wrote_again,
    unsettled::who_got_no_mail_is_told_until_a_further_run_was_about_them,
    unsettled::whether_a_newer_export_still_names_somebody_is_known,
    upkeep::purge_leaves_owed_reports,
    upkeep::alarms_open_once_and_end_once,
    upkeep::an_alarm_has_the_reason_of_its_text,
    upkeep::what_comes_in_the_place_of_another_is_told_once,
    upkeep::alarms_are_told_until_people_heard,
    upkeep::closed_answers_closed,
    staff::a_person_is_kept_as_they_were_added,
    staff::nothing_that_is_typed_passes_for_another_part_of_the_log,
    staff::an_address_is_one_persons,
    staff::the_last_administrator_stays,
    staff::disabled_people_are_enabled_again,
    staff::each_change_is_in_the_log,
    staff::when_somebody_looked_before_this_visit_is_known,
    staff::the_log_is_read_in_parts,
    keys::a_key_of_a_person_is_theirs_until_it_is_revoked,
    keys::who_is_disabled_has_no_key_any_more,
    keys::what_is_done_about_programs_and_keys_stands_in_the_log,
    logos::a_logo_is_a_sites_until_another_takes_its_place,
    brokered::an_installation_is_served_until_it_is_revoked,
    brokered::each_installation_has_limits_of_its_own,
    brokered::what_nothing_came_of_counts_where_it_is_meant_to,
    brokered::what_was_begun_is_fetched_once,
    brokered::what_was_done_is_on_record_for_a_hundred_days,
    mail_accounts::an_account_is_there_until_it_is_disconnected,
    mail_accounts::one_at_a_time_asks_for_other_tokens,
    mail_accounts::who_comes_late_stores_nothing,
    mail_accounts::what_is_signed_out_is_asked_for_no_more,
    sign_in::a_password_is_apart_and_is_changed,
    sign_in::a_session_is_known_by_its_token,
    sign_in::a_session_begins_only_with_the_password_as_it_is,
    sign_in::a_session_ends_when_it_is_idle_or_old,
    sign_in::that_a_session_is_used_is_written_once_a_minute,
    sign_in::who_is_disabled_is_signed_out,
    sign_in::sessions_are_ended_one_by_one_or_all_but_one,
    sign_in::a_new_password_ends_all_sessions_but_this,
    sign_in::a_link_is_used_once_and_in_time,
    sign_in::a_new_link_ends_those_before,
    sign_in::a_new_password_by_a_link_revokes_all_keys,
    sign_in::a_link_that_a_stranger_may_have_asked_for_ends_no_other,
    sign_in::a_link_to_a_wrong_address_ends_with_it,
    sign_in::bookpost_is_set_up_once,
    sign_in::what_is_over_is_forgotten,
}

const CASES: [&str; 28] = [
    include_str!("accept.rs"),
    include_str!("applications.rs"),
    include_str!("brokered.rs"),
    include_str!("came_back.rs"),
    include_str!("columns.rs"),
    include_str!("events.rs"),
    include_str!("fresh.rs"),
    include_str!("keys.rs"),
    include_str!("logos.rs"),
    include_str!("mail_accounts.rs"),
    include_str!("notices.rs"),
    include_str!("pause.rs"),
    include_str!("people.rs"),
    include_str!("preferences.rs"),
    include_str!("reports.rs"),
    include_str!("returned.rs"),
    include_str!("saved_notices.rs"),
    include_str!("schedules.rs"),
    include_str!("search.rs"),
    include_str!("sealed.rs"),
    include_str!("sent.rs"),
    include_str!("sign_in.rs"),
    include_str!("staff.rs"),
    include_str!("start.rs"),
    include_str!("unreachable.rs"),
    include_str!("unsettled.rs"),
    include_str!("upkeep.rs"),
    include_str!("worker.rs"),
];

/// Where `Store` has its operations.
const SURFACE: [&str; 29] = [
    include_str!("../../src/lib.rs"),
    include_str!("../../src/alarms.rs"),
    include_str!("../../src/applications.rs"),
    include_str!("../../src/audit.rs"),
    include_str!("../../src/brokered.rs"),
    include_str!("../../src/columns.rs"),
    include_str!("../../src/duties.rs"),
    include_str!("../../src/came_back.rs"),
    include_str!("../../src/events.rs"),
    include_str!("../../src/links.rs"),
    include_str!("../../src/logos.rs"),
    include_str!("../../src/looks.rs"),
    include_str!("../../src/mail_accounts.rs"),
    include_str!("../../src/notices.rs"),
    include_str!("../../src/pause.rs"),
    include_str!("../../src/preferences.rs"),
    include_str!("../../src/people.rs"),
    include_str!("../../src/person_keys.rs"),
    include_str!("../../src/reports.rs"),
    include_str!("../../src/returned.rs"),
    include_str!("../../src/saved_notices.rs"),
    include_str!("../../src/schedules.rs"),
    include_str!("../../src/search.rs"),
    include_str!("../../src/sealed.rs"),
    include_str!("../../src/sent.rs"),
    include_str!("../../src/sessions.rs"),
    include_str!("../../src/tallies.rs"),
    include_str!("../../src/unreachable.rs"),
    include_str!("../../src/unsettled.rs"),
];

/// Every operation of `Store` is called by a case.
#[test]
fn every_operation_has_a_case() {
    let operations: Vec<&str> = SURFACE
        .iter()
        .flat_map(|text| text.split("pub async fn ").skip(1))
        .filter(|rest| rest.split(')').next().is_some_and(|signature| signature.contains("self")))
        .filter_map(|rest| rest.split('(').next())
        .collect();
    assert!(operations.len() >= 60, "{operations:?}");
    for operation in operations {
        let call = format!(".{operation}(");
        assert!(CASES.iter().any(|text| text.contains(&call)), "no case calls {operation}");
    }
}

/// The present instant comes last in every operation that is told it. A database with a clock of its own cannot be told any other.
#[test]
fn no_operation_is_told_another_instant_than_the_clocks() {
    for text in CASES {
        for call in text.split(").await").filter(|call| call.contains("store.")) {
            let last = call.trim_end().trim_end_matches(',').rsplit([',', '\n']).next().unwrap_or_default();
            assert!(!last.trim_start().starts_with("minute("), "not the clock's: {last}");
        }
        assert!(!text.contains("now: minute("), "not the clock's");
    }
}
