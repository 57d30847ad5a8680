//! What the dashboard was designed to hold, and what its first review found, line by line, with the tests that hold it.

use std::path::Path;

/// Something that must hold, and the tests that fail where it does not.
type Held = (&'static str, &'static [&'static str]);

/// What must be true of the dashboard. What takes a quiet machine is measured and stands in BENCHMARKS.md: key to frame, bytes
/// and CPU under load and at rest (`examples/screen_pace.rs`), a trace among a million lines (`examples/trials trace`).
const LIST: &[Held] = &[
    (
        "the terminal is given back on every way out: quit, error, panic, TERM, HUP, QUIT, TSTP and CONT, no input",
        &[
            "the_terminal_is_given_back_on_every_way_out",
            "a_signal_to_end_restores_the_terminal",
            "a_panic_gives_the_terminal_back_and_is_told",
            "an_engine_that_ends_with_an_error_says_so_and_the_terminal_is_given_back",
            "an_error_at_the_start_leaves_the_terminal_as_it_was",
            "a_stopped_dashboard_gives_the_terminal_back_and_takes_it_again",
            "without_standard_input_keys_still_come_from_the_terminal",
            "a_search_in_a_damaged_index_leaves_the_dashboard_alone",
        ],
    ),
    ("idle without motion draws nothing", &["an_idle_dashboard_without_motion_draws_nothing"]),
    (
        "errors are pinned whatever comes",
        &[
            "errors_are_pinned_for_a_minute_and_equal_ones_are_counted",
            "a_flood_leaves_the_newest_rows_and_older_errors_and_counts_the_rest",
        ],
    ),
    (
        "every screen in six themes, four states and at four sizes; no size breaks one",
        &[
            "every_screen_looks_as_it_did_in_every_state_at_every_size",
            "what_lies_over_a_screen_or_is_opened_on_it_looks_as_it_did_at_any_size",
            "every_screen_is_whole_at_every_size_with_data_without_while_starting_and_in_trouble",
            "themes_lose_no_text_and_tell_severities_apart",
            "no_size_panics_and_small_ones_say_what_is_needed",
            "every_number_of_rows_and_columns_can_be_drawn",
            "a_storm_of_sizes_breaks_nothing",
            "a_resized_terminal_is_drawn_anew_and_a_tiny_one_says_so",
        ],
    ),
    (
        "readable without colour; in ASCII no byte is above 127",
        &[
            "without_color_no_two_severities_or_states_look_alike",
            "no_color_means_no_color",
            "ascii_mode_writes_nothing_else",
            "in_ascii_no_byte_is_above_127_and_nothing_of_a_log_is_obeyed",
        ],
    ),
    (
        "nothing hostile reaches a screen, a report or an export, and nothing in a log makes a row",
        &[
            "hostile_content_reaches_no_screen",
            "a_line_break_in_a_message_makes_no_row",
            "an_export_is_harmless_whatever_the_log_holds",
            "markdown_holds_foreign_text_in_code_only",
            "html_has_no_markup_but_its_own_and_loads_nothing",
            "ocsf_is_json_that_says_what_was_found",
            "a_mute_is_a_filter_that_sigma_reads",
        ],
    ),
    (
        "a key means one thing, stands in help and palette, is reached in a terminal and can be another",
        &[
            "a_key_means_one_thing_on_all_screens",
            "every_action_stands_in_the_help_of_its_screen_and_help_is_the_first_hint",
            "a_command_has_one_name_and_is_found_by_it",
            "every_action_is_reached_by_its_keys",
            "a_configured_key_takes_the_place_of_the_usual_one_everywhere",
            "a_configured_key_is_the_one_that_is_shown_and_a_conflict_ends_the_start",
            "every_action_can_have_another_key",
            "help_is_shown_at_sixty_columns",
        ],
    ),
    (
        "a number opens rows, as many as it says",
        &[
            "the_header_and_the_name_of_a_screen_count_the_rows_of_the_list",
            "a_row_of_incidents_opens_the_events_that_it_stores_and_says_how_many_more_it_counted",
            "a_reason_of_the_level_opens_its_incident_or_its_entity",
            "the_graph_opens_the_events_of_a_level_and_of_a_bar",
            "a_panel_says_how_many_rows_are_below_and_all_are_reached",
            "what_a_panel_counts_is_on_the_boards",
            "a_state_opens_the_events_that_it_counts",
            "the_risk_of_an_entity_is_the_sum_of_its_parts_and_opens_its_events",
            "the_lines_of_a_source_are_its_events",
            "a_rule_opens_as_many_incidents_as_its_row_says",
            "the_count_of_a_frequent_value_is_the_events_that_have_it",
        ],
    ),
    (
        "the place in a list survives new data, a filter, another size and another screen",
        &[
            "following_moves_detached_stays_and_paused_freezes",
            "a_filter_keeps_the_selected_event",
            "another_size_or_screen_keeps_the_selected_row",
            "who_deals_with_a_row_goes_on_with_the_next",
        ],
    ),
    (
        "an act says first how many it is about, and can be undone",
        &[
            "acknowledging_a_party_says_how_many_takes_a_note_and_can_be_undone",
            "muting_needs_a_reason_says_what_it_hides_and_ends",
        ],
    ),
    (
        "the clipboard is written after a key only, and bounded; never by data",
        &[
            "copies_are_safe_text_except_the_raw_line",
            "copying_goes_through_the_terminal",
            "more_than_a_terminal_takes_is_not_copied",
            "in_ascii_no_byte_is_above_127_and_nothing_of_a_log_is_obeyed",
        ],
    ),
    (
        "`complete to` is never later than the truth, and whom an answer did not hear is said beside it",
        &[
            "complete_to_is_never_later_than_the_truth",
            "an_answer_is_as_complete_as_it_says_while_others_write",
            "an_answer_says_which_sources_were_not_heard",
        ],
    ),
    (
        "over a slow line keys are answered, frames get fewer and none are heaped up; a busy machine is no slow line",
        &[
            "over_a_slow_line_keys_are_answered_frames_get_fewer_and_none_are_heaped_up",
            "a_slow_line_halves_the_rate_and_a_fast_one_restores_it",
        ],
    ),
    (
        "a value is included, excluded or the only one; values are counted; hunts and columns are kept",
        &[
            "a_value_of_a_found_event_is_taken_into_the_question",
            "the_most_frequent_values_are_counted_and_narrow_what_is_listed",
            "a_hunt_is_named_run_kept_and_deleted",
            "columns_are_chosen_by_name_and_come_back",
            "the_mouse_over_the_graph_chooses_a_time_and_escape_gives_it_back",
        ],
    ),
    (
        "an incident is one file for somebody else, and a replay of it finds it again",
        &[
            "a_case_is_replayed_and_read_without_the_index_it_came_from",
            "a_case_is_looked_at_on_the_dashboard",
        ],
    ),
    (
        "what is asked or lies over the screen has its own keys in the last line, and help is not cut",
        &[
            "while_something_is_asked_the_last_line_has_the_keys_of_that",
            "what_a_key_does_is_not_cut_on_the_help_page",
        ],
    ),
    (
        "somebody new reads who attacks, who is locked until when and which breaker is open",
        &["who_attacks_who_is_locked_until_when_and_which_breaker_is_open_is_read_without_a_key"],
    ),
    ("a killed dashboard comes back as it was", &["a_killed_dashboard_comes_back_as_it_was"]),
    ("why a rule fired is read at 80 columns", &["why_a_rule_fired_is_read_at_80_columns"]),
];

/// What the first review of the screen found, by its number.
const FINDINGS: &[Held] = &[
    (
        "F1: nothing worse than what is seen is off the screen unsaid, in any list",
        &[
            "f1_what_is_worse_than_the_rows_in_sight_is_named_and_said",
            "f1_a_closed_incident_is_not_in_the_feed",
            "f1_every_frame_names_the_worst_that_nobody_has_seen",
            "f1_every_list_says_how_much_of_it_is_out_of_sight",
            "the_worst_open_incident_is_shown_or_named",
            "the_worst_new_incident_is_shown_or_named_whatever_was_decided",
        ],
    ),
    (
        "F2: trouble is a state until it ends, on the screen and without one",
        &[
            "f2_trouble_stays_on_every_screen_until_it_ends",
            "a_long_trouble_is_read_to_its_end_at_80_columns",
            "plain_watching_says_what_it_cannot_read_once",
            "watching_nothing_that_can_be_read_is_a_mistake",
            "d4_writing_pauses_before_the_disk_is_full_and_goes_on_when_there_is_room",
        ],
    ),
    (
        "F3: a name that nothing has is an error, in filter, search and on the command line",
        &[
            "f3_a_name_that_nothing_has_is_refused_in_search_and_filter",
            "nothing_found_is_said_with_what_was_looked_at_and_ends_with_1",
        ],
    ),
    (
        "F4: the level comes from the worst and comes down",
        &[
            "f4_the_level_comes_from_the_worst_that_is_open_and_comes_down",
            "what_ended_long_ago_in_logs_read_only_now_does_not_hold_the_level",
            "what_is_over_is_said_where_nothing_is_open",
        ],
    ),
    (
        "F5: no alarm comes out of thin air under load",
        &["f5_unique_ids_raise_no_alarm_however_little_is_held"],
    ),
    (
        "F6: an incident opens exactly its events",
        &[
            "f6_the_events_of_an_alert_are_those_that_it_stores",
            "f5_an_alert_opens_exactly_its_events_and_nobody_elses",
        ],
    ),
    (
        "F7: a trace holds what it was opened from, and doubt where there is",
        &[
            "f7_a_trace_holds_the_alert_it_was_opened_from_and_those_its_events_fired",
            "f7_a_coarse_stamp_is_doubt_and_takes_no_axis",
            "a_coarse_stamp_is_drawn_as_doubt_and_an_alert_outside_as_an_arrow",
        ],
    ),
    (
        "F8: numbers add up, and are of now",
        &[
            "f8_a_score_is_explained_by_what_it_is_made_of",
            "f8_rate_and_lag_are_of_what_arrives_now",
            "the_parts_of_a_risk_add_up_to_it_at_a_cap_while_it_decays_and_after_a_restart",
        ],
    ),
    (
        "F9: panels and boards are lists that open at 80 columns",
        &[
            "f9_panels_and_boards_are_lists_that_open_at_80_columns",
            "a_panel_says_how_many_rows_are_below_and_all_are_reached",
        ],
    ),
    ("F10: every key of triage does something", &["f10_every_key_of_triage_does_something"]),
    (
        "F11: a dashboard is as it was left",
        &[
            "f11_a_dashboard_is_as_it_was_left",
            "a_killed_dashboard_comes_back_as_it_was",
            "after_a_crash_the_dashboard_still_knows_who_is_locked_out",
        ],
    ),
    (
        "F12: a busy machine is no slow line",
        &["f12_a_terminal_that_takes_every_frame_is_no_slow_line_however_long_it_takes"],
    ),
    (
        "F13: who and from where stand there at every width",
        &["f13_who_and_from_where_stand_there_at_every_width"],
    ),
    (
        "F14: the command line has no traps",
        &[
            "f14_a_hint_names_a_command_that_is_there",
            "what_is_unwanted_is_no_flag",
            "a_flag_before_the_command_is_a_flag_of_the_command",
            "the_beginning_of_an_id_is_enough_where_only_one_begins_so",
            "values_in_json_keep_the_kind_that_the_log_gave_them",
            "every_command_and_flag_that_is_named_exists",
        ],
    ),
    (
        "F15: small things",
        &[
            "f15_small_things",
            "f15_a_source_has_one_name_on_all_screens",
            "what_every_line_became_adds_up_and_a_correlation_matches_nothing_itself",
            "events_and_pins_of_another_day_say_their_day",
            "help_is_searched",
            "a_signal_to_end_restores_the_terminal",
        ],
    ),
];

fn sources(folder: &Path, all: &mut String) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, all);
        } else if path.extension().is_some_and(|it| it == "rs") {
            all.push_str(&std::fs::read_to_string(&path).unwrap_or_default());
        }
    }
}

#[test]
fn every_line_has_its_tests() {
    let mut all = String::new();
    for folder in ["src", "core/src", "tests"] {
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut all);
    }
    assert_eq!(FINDINGS.len(), 15);
    for (line, tests) in LIST.iter().chain(FINDINGS) {
        assert!(!tests.is_empty(), "{line}");
        for test in *tests {
            assert!(all.contains(&format!("fn {test}(")), "{line}: there is no test `{test}`");
        }
    }
}
