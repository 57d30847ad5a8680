//! What the dashboard was designed to hold, line by line, and the test that holds it. A line without a test says so.

use std::path::Path;

/// (the line, the test that fails where it does not hold).
const LIST: &[(&str, &[&str])] = &[
    (
        "the terminal is given back on every way out: quit, error, panic, TERM, HUP, QUIT, TSTP and CONT",
        &["the_terminal_is_given_back_on_every_way_out", "a_signal_to_end_restores_the_terminal"],
    ),
    ("idle without motion draws nothing", &["an_idle_dashboard_without_motion_draws_nothing"]),
    // Key to frame, bytes and errors in sight under load are measured: `examples/screen_pace.rs`, BENCHMARKS.md.
    (
        "a slow line lowers the rate, a busy machine does not",
        &[
            "a_slow_line_halves_the_rate_and_a_fast_one_restores_it",
            "f12_a_terminal_that_takes_every_frame_is_no_slow_line_however_long_it_takes",
        ],
    ),
    (
        "every screen at four sizes in four states looks as it did, and no size breaks one",
        &[
            "every_screen_looks_as_it_did_in_every_state_at_every_size",
            "no_size_panics_and_small_ones_say_what_is_needed",
            "every_number_of_rows_and_columns_can_be_drawn",
        ],
    ),
    (
        "readable without colour and in ASCII, in six themes",
        &[
            "without_color_no_two_severities_or_states_look_alike",
            "ascii_mode_writes_nothing_else",
            "no_color_means_no_color",
            "themes_lose_no_text_and_tell_severities_apart",
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
            "a_mute_is_a_filter_that_sigma_reads",
        ],
    ),
    (
        "a key means one thing, stands in help and palette, and is reached in a terminal",
        &[
            "a_key_means_one_thing_on_all_screens",
            "every_action_stands_in_the_help_of_its_screen_and_help_is_the_first_hint",
            "a_command_has_one_name_and_is_found_by_it",
            "every_action_is_reached_by_its_keys",
            "a_configured_key_takes_the_place_of_the_usual_one_everywhere",
            "a_configured_key_is_the_one_that_is_shown_and_a_conflict_ends_the_start",
        ],
    ),
    (
        "a number opens rows, as many as it says",
        &[
            "f5_an_alert_opens_exactly_its_events_and_nobody_elses",
            "f6_the_events_of_an_alert_are_those_that_it_stores",
            "f9_panels_and_boards_are_lists_that_open_at_80_columns",
            "f8_a_score_is_explained_by_what_it_is_made_of",
        ],
    ),
    (
        "the place in a list survives new data, a filter and another screen",
        &[
            "following_moves_detached_stays_and_paused_freezes",
            "a_filter_keeps_the_selected_event",
            "who_deals_with_a_row_goes_on_with_the_next",
            "f11_a_dashboard_is_as_it_was_left",
        ],
    ),
    (
        "an act says first how many it is about, and can be undone",
        &["acknowledging_a_party_says_how_many_takes_a_note_and_can_be_undone"],
    ),
    (
        "the clipboard is written after a key only, and bounded",
        &["copies_are_safe_text_except_the_raw_line", "copying_goes_through_the_terminal"],
    ),
    (
        "nothing worse than what is seen is off the screen unsaid",
        &[
            "f1_every_frame_names_the_worst_that_nobody_has_seen",
            "f1_what_is_worse_than_the_rows_in_sight_is_named_and_said",
            "the_worst_open_incident_is_shown_or_named",
            "the_worst_new_incident_is_shown_or_named_whatever_was_decided",
        ],
    ),
    ("trouble is a state until it ends", &["f2_trouble_stays_on_every_screen_until_it_ends"]),
    (
        "a name that nothing has is an error, in filter, search and on the command line",
        &[
            "f3_a_name_that_nothing_has_is_refused_in_search_and_filter",
            "nothing_found_is_said_with_what_was_looked_at_and_ends_with_1",
        ],
    ),
    (
        "the level comes from the worst and comes down",
        &["f4_the_level_comes_from_the_worst_that_is_open_and_comes_down"],
    ),
    (
        "a trace holds what it was opened from, and doubt where there is",
        &[
            "f7_a_trace_holds_the_alert_it_was_opened_from_and_those_its_events_fired",
            "f7_a_coarse_stamp_is_doubt_and_takes_no_axis",
        ],
    ),
    ("no alarm comes out of thin air under load", &["f5_unique_ids_raise_no_alarm_however_little_is_held"]),
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
    ("every key of triage does something", &["f10_every_key_of_triage_does_something"]),
    ("who and from where stand there at every width", &["f13_who_and_from_where_stand_there_at_every_width"]),
    (
        "the command line has no traps",
        &["f14_a_hint_names_a_command_that_is_there", "what_is_unwanted_is_no_flag"],
    ),
    ("small things", &["f15_small_things"]),
    (
        "what is asked or lies over the screen has its own keys in the last line, and help is not cut",
        &[
            "while_something_is_asked_the_last_line_has_the_keys_of_that",
            "what_a_key_does_is_not_cut_on_the_help_page",
        ],
    ),
    (
        "an answer says until when it is complete and whom it did not hear",
        &["an_answer_says_which_sources_were_not_heard"],
    ),
    ("a killed dashboard comes back as it was", &["a_killed_dashboard_comes_back_as_it_was"]),
    ("why a rule fired is read at 80 columns", &["why_a_rule_fired_is_read_at_80_columns"]),
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
    for folder in ["src", "tests"] {
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut all);
    }
    for (line, tests) in LIST {
        assert!(!tests.is_empty(), "{line}");
        for test in *tests {
            assert!(all.contains(&format!("fn {test}(")), "{line}: there is no test `{test}`");
        }
    }
}
