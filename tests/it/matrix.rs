//! The matrix of faults: what can go wrong around a log, an index, a rule or a terminal, and the test of each row, or
//! why there is none. `RELIABILITY.md` says the same of the rows without a test, in the same words.

use std::path::Path;

/// Tests of a row: file and name.
type Tests = &'static [(&'static str, &'static str)];

/// A row of the matrix and what is proved of it.
enum Row {
    Tested(&'static str, Tests),
    /// Not promised, because:
    Open(&'static str, &'static str),
}
use Row::{Open, Tested};

/// A: files and rotation. B: content. C: time and order. D: store, disk, crash. E: rules, detection, alerts.
/// F: interface, network, abuse.
const ROWS_OF: [(char, usize); 6] = [('A', 39), ('B', 22), ('C', 12), ('D', 32), ('E', 15), ('F', 19)];

const ROWS: &[Row] = &[
    Tested(
        "A1",
        &[
            ("tests/it/tail/rows.rs", "a1_renumbered_files_are_not_read_again_after_a_restart"),
            ("tests/it/tail/rows.rs", "a1_a_rotated_file_is_found_whatever_its_name"),
            ("tests/it/tail.rs", "rotation_under_load_loses_and_doubles_nothing"),
            ("tests/it/neighbours.rs", "logrotate_takes_logs_away_five_times_and_each_line_is_stored_once"),
        ],
    ),
    Tested(
        "A2",
        &[(
            "tests/it/tail.rs",
            "rename_rotation_reads_the_old_file_to_its_end_and_the_new_one_from_its_start",
        )],
    ),
    Tested("A3", &[("tests/it/tail.rs", "rotations_between_two_looks_lose_no_generation_that_still_exists")]),
    Tested(
        "A4",
        &[
            ("tests/it/tail/rows.rs", "a4_copytruncate_to_any_name_while_stopped"),
            ("tests/it/tail.rs", "copytruncate_reads_the_rest_from_the_copy_beside_the_log"),
        ],
    ),
    Tested(
        "A5",
        &[
            ("tests/it/tail.rs", "truncation_is_a_new_generation_and_a_gap"),
            ("tests/it/tail/rows.rs", "a5_a_file_that_vanished_unread_is_a_gap_of_its_size"),
        ],
    ),
    Tested("A6", &[("tests/it/tail.rs", "truncated_and_regrown_while_stopped_is_told_from_grown")]),
    Tested("A7", &[("tests/it/tail.rs", "truncated_and_regrown_while_stopped_is_told_from_grown")]),
    Tested(
        "A8",
        &[
            ("tests/it/tail.rs", "a_writer_with_an_old_offset_leaves_nuls_that_are_counted"),
            ("src/source/lines.rs", "a_hole_of_nuls_is_counted_and_never_held"),
        ],
    ),
    Tested(
        "A9",
        &[("tests/it/tail.rs", "a_file_deleted_and_created_again_and_again_is_read_once_each_time")],
    ),
    Tested("A10", &[("tests/it/tail.rs", "files_with_the_same_beginning_are_different_files")]),
    Tested(
        "A11",
        &[
            ("tests/it/tail/rows.rs", "a11_the_first_of_two_names_goes"),
            ("tests/it/tail.rs", "two_names_of_one_file_are_read_once"),
        ],
    ),
    Tested(
        "A12",
        &[("tests/it/tail/rows.rs", "a12_a13_a_file_is_read_from_its_first_byte_whenever_that_comes")],
    ),
    Tested(
        "A13",
        &[("tests/it/tail/rows.rs", "a12_a13_a_file_is_read_from_its_first_byte_whenever_that_comes")],
    ),
    Tested("A14", &[("tests/it/tail.rs", "a_deleted_file_is_drained_to_its_end")]),
    Tested(
        "A15",
        &[("tests/it/tail.rs", "a_file_deleted_and_created_again_and_again_is_read_once_each_time")],
    ),
    Tested("A16", &[("tests/it/tail/rows.rs", "a16_a_log_moved_by_copying_goes_on_where_it_stood")]),
    Tested("A17", &[("tests/it/tail/rows.rs", "a17_two_logs_that_change_places_keep_their_positions")]),
    Tested(
        "A18",
        &[
            ("tests/it/tail/rows.rs", "a18_the_target_of_a_link_is_renamed_while_stopped"),
            ("tests/it/tail.rs", "a_link_that_changes_its_target_is_followed"),
        ],
    ),
    Tested("A19", &[("tests/it/tail/rows.rs", "a19_a_named_log_that_becomes_a_foreign_link_is_refused")]),
    Tested("A20", &[("tests/it/tail.rs", "what_is_not_a_regular_file_is_refused_without_waiting")]),
    Tested("A21", &[("tests/it/tail.rs", "a_forbidden_file_is_reported_and_read_when_it_is_allowed")]),
    Tested(
        "A22",
        &[
            ("tests/it/tail/rows.rs", "a22_a_trouble_begins_and_is_over"),
            ("tests/it/tail.rs", "a_file_that_is_not_there_yet_is_read_when_it_appears"),
        ],
    ),
    Tested(
        "A23",
        &[
            ("tests/it/tail.rs", "more_files_than_may_be_open_are_all_followed"),
            ("tests/it/tail/rows.rs", "a24_more_files_than_may_be_open_take_turns"),
        ],
    ),
    Tested("A24", &[("tests/it/tail/rows.rs", "a24_more_files_than_may_be_open_take_turns")]),
    Tested("A25", &[("tests/it/tail.rs", "without_free_inotify_watches_files_are_polled")]),
    Tested("A26", &[("tests/it/tail.rs", "without_free_inotify_instances_files_are_polled")]),
    Tested(
        "A27",
        &[
            ("tests/it/faults.rs", "a27_what_was_never_told_is_found"),
            ("tests/it/tail/rows.rs", "a27_notifications_that_were_dropped_are_made_up_for"),
        ],
    ),
    Tested("A28", &[("tests/it/tail.rs", "everything_works_without_notifications")]),
    Tested("A29", &[("tests/it/tail.rs", "everything_works_without_notifications")]),
    Open(
        "A30",
        "a file system that is taken away under its readers: reading goes on when it is back, but no test takes one away",
    ),
    Open(
        "A31",
        "a file system of logs that becomes read-only changes nothing for a reader; one with the data directory is a disk that cannot be written",
    ),
    Tested("A32", &[("tests/it/faults.rs", "after_any_failing_call_each_line_is_stored_once")]),
    Tested(
        "A33",
        &[
            ("tests/it/tail/rows.rs", "a33_names_that_are_no_text_are_resumed"),
            ("tests/it/tail.rs", "names_that_are_not_utf8_are_read"),
        ],
    ),
    Tested(
        "A34",
        &[
            ("tests/it/tail/rows.rs", "a34_what_was_compressed_while_stopped_is_read_on_and_not_again"),
            ("tests/it/tail/rows.rs", "a34_a_compressed_copy_of_what_was_read_goes_on_after_it"),
            ("tests/it/tail.rs", "compressed_files_are_read_in_replay_and_left_out_when_following"),
            ("tests/it/tail.rs", "memory_for_xz_is_bounded"),
        ],
    ),
    Open("A35", "attributes of the file system that forbid changes do not matter to whoever only reads"),
    Tested(
        "A36",
        &[
            ("tests/it/tail/rows.rs", "a36_own_data_is_not_read_by_notification_either"),
            ("tests/it/watch.rs", "a_data_directory_among_the_logs_is_refused"),
        ],
    ),
    Tested(
        "A37",
        &[
            ("tests/it/tail.rs", "a_file_rewritten_in_place_without_changing_its_size_is_noticed"),
            ("tests/it/tail.rs", "a_replacement_that_only_adds_to_what_was_read_is_read_on"),
        ],
    ),
    Tested("A38", &[("tests/it/faults.rs", "d32_a38_a_restored_index_goes_on_from_its_position")]),
    Tested(
        "A39",
        &[
            ("tests/it/receive.rs", "the_journal_is_read_on_after_its_cursor"),
            (
                "tests/it/neighbours.rs",
                "what_stands_in_a_real_journal_is_stored_once_although_the_reader_is_killed",
            ),
        ],
    ),
    Tested("B1", &[("tests/it/tail.rs", "an_incomplete_line_survives_a_restart")]),
    Tested("B2", &[("tests/it/tail.rs", "an_incomplete_line_survives_a_restart")]),
    Tested(
        "B3",
        &[
            ("tests/it/tail.rs", "an_incomplete_line_may_be_taken_back"),
            ("src/source/lines.rs", "an_incomplete_line_at_the_end_stays_with_the_lines_before_it"),
        ],
    ),
    Tested(
        "B4",
        &[
            ("src/source/lines.rs", "a_line_far_over_the_limit_is_never_held"),
            ("src/source/lines.rs", "lines_do_not_wait_for_the_end_of_a_long_one"),
        ],
    ),
    Tested("B5", &[("src/source/lines.rs", "a_line_far_over_the_limit_is_never_held")]),
    Tested("B6", &[("src/source/lines.rs", "lines_do_not_depend_on_how_they_arrive")]),
    Tested(
        "B7",
        &[
            ("tests/it/tail.rs", "utf_16_is_followed_as_it_is_written"),
            ("src/source/encoding.rs", "first_bytes_tell_the_encoding"),
        ],
    ),
    Tested("B8", &[("core/src/decode/tests.rs", "any_bytes_have_exactly_one_outcome")]),
    Tested(
        "B9",
        &[
            ("core/src/decode/tests.rs", "damaged_documents_never_panic_and_agree_with_serde_json"),
            ("tests/it/evasions.rs", "a_replay_tells_an_attack_however_it_is_written"),
        ],
    ),
    Tested(
        "B10",
        &[
            ("tests/it/hostile.rs", "lines_as_long_as_they_may_be_are_read_matched_and_correlated"),
            ("tests/it/evasions.rs", "a_replay_tells_an_attack_however_it_is_written"),
        ],
    ),
    Tested(
        "B11",
        &[
            ("tests/it/evasions.rs", "a_replay_tells_an_attack_however_it_is_written"),
            ("tests/it/evasions.rs", "a_jump_of_odd_lines_of_each_kind_is_told"),
        ],
    ),
    Tested(
        "B12",
        &[
            ("core/src/decode/tests.rs", "objects_after_each_other_are_events_in_their_order"),
            ("tests/it/evasions.rs", "watching_tells_an_attack_however_it_is_written"),
        ],
    ),
    Tested(
        "B13",
        &[
            ("core/src/normalize/stray.rs", "what_breaks_a_habit_is_out_of_place_until_it_is_one"),
            ("tests/it/evasions.rs", "a_jump_of_odd_lines_of_each_kind_is_told"),
        ],
    ),
    Tested("B14", &[("tests/it/search/faults.rs", "hostile_events_are_added_found_and_rebuilt")]),
    Tested(
        "B15",
        &[
            ("tests/it/search/faults.rs", "hostile_events_are_added_found_and_rebuilt"),
            ("tests/it/search/same_answers.rs", "the_live_filter_and_the_index_find_the_same_events"),
        ],
    ),
    Tested(
        "B16",
        &[
            ("src/index/codec/tests.rs", "fields_beyond_the_table_of_names_keep_their_names"),
            ("core/src/sigma/taxonomy.rs", "names_beyond_the_table_of_paths_are_found_by_text"),
        ],
    ),
    Tested("B17", &[("src/index/tokenizer.rs", "a_long_run_is_cut_at_a_character_and_still_a_word")]),
    Tested("B18", &[("tests/it/watch.rs", "every_line_is_indexed_exactly_once_although_watch_is_killed")]),
    Tested(
        "B19",
        &[
            ("core/src/event/stamp.rs", "the_forms_that_logs_write_are_read"),
            ("core/src/event/stamp.rs", "what_is_no_time_is_none"),
        ],
    ),
    Tested("B20", &[("src/source/lines.rs", "a_chunk_of_empty_lines_is_bounded")]),
    Tested(
        "B21",
        &[
            ("tests/it/secrets.rs", "no_secret_reaches_a_file_or_an_output"),
            ("tests/it/exits.rs", "the_saved_state_holds_no_secret_and_goes_on_where_it_stood"),
        ],
    ),
    Tested(
        "B22",
        &[
            ("core/src/text/tests.rs", "output_holds_only_the_allowed_set"),
            ("tests/it/screen.rs", "hostile_content_reaches_no_screen"),
        ],
    ),
    Tested(
        "C1",
        &[
            (
                "core/src/correlate/tests/incidents.rs",
                "an_event_from_the_future_neither_moves_time_nor_clears_anything",
            ),
            ("core/src/state/tests.rs", "an_event_of_the_far_future_does_not_wipe_the_graph"),
        ],
    ),
    Tested(
        "C2",
        &[
            (
                "core/src/correlate/tests/windows.rs",
                "a_clock_that_jumps_over_decades_costs_no_look_at_each_of_their_minutes",
            ),
            ("core/src/event/stamp.rs", "any_time_in_any_zone_is_survived"),
        ],
    ),
    Tested(
        "C3",
        &[
            ("core/src/correlate/tests/properties.rs", "the_order_of_arrival_has_no_meaning"),
            ("tests/it/conformance_correlation.rs", "every_case_has_its_answer_in_any_order"),
        ],
    ),
    Tested(
        "C4",
        &[(
            "core/src/correlate/tests/incidents.rs",
            "events_beyond_lateness_and_window_count_among_themselves",
        )],
    ),
    Tested(
        "C5",
        &[
            ("core/src/correlate/clock.rs", "an_idle_stream_follows_the_wall_clock"),
            ("core/src/state/tests.rs", "a_source_is_silent_when_it_pauses_much_longer_than_it_used_to"),
        ],
    ),
    Tested("C6", &[("core/src/correlate/clock.rs", "whoever_reads_may_be_busy_for_long")]),
    Tested(
        "C7",
        &[
            ("src/pipeline/clock.rs", "a_step_of_the_clock_is_told_from_time_that_passed"),
            ("core/src/correlate/clock.rs", "a_wall_clock_that_was_wrong_for_a_while_leaves_no_trace"),
        ],
    ),
    Open(
        "C8",
        "a machine that was suspended is a clock that was put forward, which is tested; none is suspended in a test",
    ),
    Tested(
        "C9",
        &[
            ("core/src/event/stamp.rs", "the_hour_that_comes_twice_is_told_apart_by_the_order_of_the_source"),
            ("core/src/event/stamp.rs", "a_time_that_does_not_exist_is_of_a_clock_that_was_not_put_forward"),
        ],
    ),
    Tested(
        "C10",
        &[
            ("core/src/state/traffic.rs", "requests_that_are_alike_all_count"),
            ("core/src/correlate/tests/incidents.rs", "one_incident_opens_is_counted_and_closes"),
        ],
    ),
    Tested("C11", &[("tests/it/determinism.rs", "a_replay_depends_on_nothing_but_its_input")]),
    Open("C12", "NATS is not a source"),
    Tested(
        "D1",
        &[
            ("tests/it/faults.rs", "through_kills_and_rotations_each_line_is_stored_once"),
            ("tests/it/watch.rs", "every_line_is_indexed_exactly_once_although_watch_is_killed"),
            (
                "tests/it/search/faults.rs",
                "after_a_kill_at_any_moment_the_index_is_exactly_what_was_committed",
            ),
        ],
    ),
    Tested("D2", &[("tests/it/faults.rs", "after_any_failing_call_each_line_is_stored_once")]),
    Tested("D3", &[("tests/it/faults.rs", "after_any_failing_call_each_line_is_stored_once")]),
    Tested(
        "D4",
        &[
            (
                "tests/it/faults.rs",
                "d4_writing_pauses_before_the_disk_is_full_and_goes_on_when_there_is_room",
            ),
            ("src/index/room.rs", "the_reserve_is_taken_where_there_is_room_and_given_up"),
        ],
    ),
    Tested(
        "D5",
        &[
            ("tests/it/faults.rs", "d5_that_no_more_files_can_be_made_is_said"),
            ("src/index/room.rs", "files_may_run_out_before_bytes_do"),
        ],
    ),
    Tested(
        "D6",
        &[
            ("tests/it/faults.rs", "after_any_failing_call_each_line_is_stored_once"),
            (
                "src/index/writer/tests.rs",
                "a_failed_commit_is_repeated_with_what_was_held_and_each_document_is_there_once",
            ),
        ],
    ),
    Tested(
        "D7",
        &[(
            "src/index/writer/tests.rs",
            "documents_published_under_an_old_payload_are_hidden_and_then_trimmed",
        )],
    ),
    Tested(
        "D8",
        &[("tests/it/faults.rs", "d8_a_disk_that_takes_its_time_makes_commits_rare_and_loses_nothing")],
    ),
    Open(
        "D9",
        "losing power between a rename and its directory: needs a disk that can be made to forget, see what is promised about flushing",
    ),
    Tested(
        "D10",
        &[
            (
                "src/index/writer/tests.rs",
                "a_detection_snapshot_is_kept_until_the_next_and_refused_when_damaged",
            ),
            ("src/receive/spool.rs", "bytes_that_changed_on_the_disk_are_named"),
        ],
    ),
    Tested(
        "D11",
        &[
            ("tests/it/search/faults.rs", "a_lost_index_is_never_taken_for_a_fresh_start"),
            (
                "tests/it/search/faults.rs",
                "a_lost_index_can_be_put_aside_and_reading_continues_where_it_stood",
            ),
        ],
    ),
    Tested("D12", &[("tests/it/search/faults.rs", "a_cut_list_of_files_is_mended_because_no_data_is_in_it")]),
    Tested(
        "D13",
        &[
            ("tests/it/search/faults.rs", "a_flipped_bit_is_found_by_the_checksums"),
            ("tests/it/ingest.rs", "doctor_finds_a_changed_bit_in_every_part_of_the_index"),
        ],
    ),
    Tested("D14", &[("tests/it/search/faults.rs", "a_damaged_segment_is_an_error_and_never_a_panic")]),
    Open(
        "D15",
        "a file of the index that somebody shortens while it is mapped ends the process; the next start names the file",
    ),
    Tested(
        "D16",
        &[
            (
                "core/src/correlate/tests/properties.rs",
                "a_changed_rule_starts_anew_and_others_keep_their_state",
            ),
            ("core/src/correlate/tests/properties.rs", "foreign_bytes_are_refused"),
        ],
    ),
    Tested(
        "D17",
        &[(
            "tests/it/search/faults.rs",
            "a_second_writer_is_told_who_has_the_directory_and_readers_are_welcome",
        )],
    ),
    Tested("D18", &[("tests/it/faults.rs", "through_kills_and_rotations_each_line_is_stored_once")]),
    Tested(
        "D19",
        &[("src/receive/sockets.rs", "a_socket_that_was_left_behind_is_taken_over_and_one_in_use_is_not")],
    ),
    Tested(
        "D20",
        &[("tests/it/search/faults.rs", "only_the_owner_can_look_in_and_others_must_not_be_able_to_write")],
    ),
    Tested("D21", &[("tests/it/search/faults.rs", "another_format_is_refused_and_left_alone")]),
    Open(
        "D22",
        "a data directory that is deleted under a running watch is not made again; that this is said is tried by hand only",
    ),
    Tested("D23", &[("tests/it/faults.rs", "d23_a_file_that_may_not_grow_is_an_error_and_no_end")]),
    Tested(
        "D24",
        &[
            (
                "src/pipeline/memory.rs",
                "memory_is_scarce_from_nine_sixteenths_on_until_it_is_less_than_seven",
            ),
            ("src/pipeline/memory.rs", "shares_follow_the_budget_within_bounds"),
            ("core/src/correlate/tests/windows.rs", "while_memory_is_scarce_no_more_groups_are_followed"),
        ],
    ),
    Tested(
        "D25",
        &[
            ("tests/it/watch.rs", "an_interrupt_commits_what_was_read_and_says_130"),
            ("tests/it/watch.rs", "a_signal_to_end_restores_the_terminal"),
            ("tests/it/reload.rs", "a_hangup_without_a_terminal_asks_for_the_files_to_be_read_again"),
        ],
    ),
    Open(
        "D26",
        "a thread that panics ends the program, which restores the terminal first; it is not started again",
    ),
    Open(
        "D27",
        "a search in a partition that is removed meanwhile finds what it has open; no test removes one at that moment",
    ),
    Open(
        "D28",
        "many small segments are merged in the background as the index sees fit; no test counts them",
    ),
    Tested("D29", &[("tests/it/tail.rs", "standard_input_is_read_to_its_end")]),
    Tested(
        "D30",
        &[
            ("src/receive/spool.rs", "segments_go_when_they_are_stored_and_not_before"),
            ("tests/it/receive.rs", "what_a_stream_sent_is_stored_once_although_the_receiver_is_killed"),
        ],
    ),
    Open(
        "D31",
        "an index in another format is left alone, and the refusal says what to type instead; there is no older format yet that a test could read",
    ),
    Tested("D32", &[("tests/it/faults.rs", "d32_a38_a_restored_index_goes_on_from_its_position")]),
    Tested(
        "E1",
        &[
            ("tests/it/reload.rs", "an_edit_takes_effect_a_broken_one_does_not_and_is_shown"),
            ("src/config/rules/tests.rs", "a_broken_rule_runs_on_in_its_last_good_text"),
        ],
    ),
    Tested("E2", &[("tests/it/rules.rs", "bombs_deep_nesting_and_huge_files_are_refused_clearly")]),
    Tested(
        "E3",
        &[
            ("tests/it/conformance.rs", "rules_of_sigmahq_load_or_are_refused_for_a_right_reason"),
            ("core/src/sigma/parse/tests.rs", "what_a_later_sigma_means_is_refused_by_name"),
        ],
    ),
    Tested(
        "E4",
        &[
            ("core/src/sigma/matcher/regex.rs", "what_is_wrong_is_said_when_the_rule_is_read"),
            ("tests/it/hostile.rs", "lines_as_long_as_they_may_be_are_read_matched_and_correlated"),
        ],
    ),
    Tested(
        "E5",
        &[
            ("tests/it/rules.rs", "what_is_no_file_among_rules_is_reported_and_keeps_nobody_waiting"),
            ("src/config/rules/tests.rs", "links_that_lead_in_circles_come_to_an_end"),
            ("src/config/read.rs", "a_link_of_somebody_else_leads_to_their_files_only"),
        ],
    ),
    Tested(
        "E6",
        &[
            ("tests/it/reload.rs", "a_rule_that_did_not_change_counts_on_and_one_that_did_looks_back"),
            ("tests/it/reload.rs", "every_event_is_detected_once_while_rules_come_and_go"),
        ],
    ),
    Tested(
        "E7",
        &[
            ("core/src/correlate/tests/windows.rs", "a_flood_of_groups_in_one_rule_leaves_others_exact"),
            (
                "core/src/correlate/tests/windows.rs",
                "a_flood_of_keys_opens_no_false_incident_and_hides_no_attacker",
            ),
        ],
    ),
    Tested(
        "E8",
        &[
            (
                "core/src/correlate/tests/incidents.rs",
                "an_event_from_the_future_neither_moves_time_nor_clears_anything",
            ),
            ("tests/it/determinism.rs", "a_few_forged_times_do_not_blind_a_replay"),
        ],
    ),
    Tested(
        "E9",
        &[
            (
                "core/src/correlate/tests/windows.rs",
                "distinct_values_of_a_group_without_a_place_are_counted_distinctly",
            ),
            ("core/src/correlate/sketch/hyperloglog.rs", "it_counts_a_little_too_much_and_never_too_little"),
        ],
    ),
    Tested(
        "E10",
        &[
            ("src/command/storm.rs", "a_hundred_thousand_incidents_are_a_few_lines_and_hide_no_other"),
            ("core/src/state/tests.rs", "incidents_are_bounded_and_the_worst_stay"),
            (
                "core/src/correlate/tests/incidents.rs",
                "updates_come_at_ten_and_hundred_times_the_first_count",
            ),
        ],
    ),
    Tested(
        "E11",
        &[
            ("tests/it/watch.rs", "after_a_crash_the_dashboard_still_knows_who_is_locked_out"),
            ("tests/it/reload.rs", "a_crash_after_a_reload_loses_nothing_that_was_counted"),
        ],
    ),
    Tested(
        "E12",
        &[
            ("tests/it/search.rs", "an_id_that_names_no_single_request_is_doubted"),
            ("core/src/normalize/context.rs", "ids_that_live_too_long_or_return_too_often_are_no_keys"),
        ],
    ),
    Tested(
        "E13",
        &[
            ("core/src/normalize/message.rs", "what_is_typed_in_as_a_name_states_nothing"),
            ("tests/it/documented.rs", "lines_are_read_as_their_writers_document_them"),
        ],
    ),
    Open(
        "E14",
        "a stage that hangs blocks those before it, whose queues are bounded; no watchdog says which one it is",
    ),
    Tested(
        "E15",
        &[
            ("tests/it/evasions.rs", "a_replay_tells_an_attack_however_it_is_written"),
            ("tests/it/evasions.rs", "watching_tells_an_attack_however_it_is_written"),
        ],
    ),
    Tested(
        "F1",
        &[
            ("tests/it/screen.rs", "hostile_content_reaches_no_screen"),
            ("tests/it/rules.rs", "hostile_text_of_rules_never_reaches_the_terminal"),
            ("core/src/text/tests.rs", "output_holds_only_the_allowed_set"),
        ],
    ),
    Tested("F2", &[("core/src/text/tests.rs", "any_characters_give_the_allowed_set_with_balanced_notation")]),
    Tested(
        "F3",
        &[
            ("tests/it/screen.rs", "no_size_panics_and_small_ones_say_what_is_needed"),
            ("tests/it/screen.rs", "a_resized_terminal_is_drawn_anew_and_a_tiny_one_says_so"),
        ],
    ),
    Tested(
        "F4",
        &[
            ("tests/it/watch.rs", "watch_ends_when_nobody_reads_its_alerts"),
            ("tests/it/screen.rs", "the_terminal_is_given_back_on_every_way_out"),
        ],
    ),
    Open("F5", "there are no viewers in other processes, and so no socket for them"),
    Open("F6", "there are no viewers in other processes, and so no socket for them"),
    Open("F7", "there are no viewers in other processes, and so no socket for them"),
    Open("F8", "nothing is sent to anybody; there are no webhooks"),
    Open("F9", "nothing is sent to anybody; there are no webhooks"),
    Open("F10", "nothing is sent to anybody; there are no webhooks"),
    Tested(
        "F11",
        &[
            ("tests/it/receive.rs", "telemetry_is_stored_record_by_record_and_nothing_else_is_taken"),
            ("src/receive/frames.rs", "a_long_message_is_cut_and_the_next_is_whole"),
        ],
    ),
    Tested(
        "F12",
        &[
            ("core/src/query/parse/tests.rs", "no_text_makes_the_parser_fail_otherwise_than_by_an_error"),
            ("tests/it/asking.rs", "nothing_found_is_said_with_what_was_looked_at_and_ends_with_1"),
        ],
    ),
    Tested(
        "F13",
        &[
            ("tests/it/config.rs", "every_mistake_is_reported_with_its_place_and_nothing_runs"),
            ("tests/it/config.rs", "a_pipe_in_place_of_a_file_is_refused_without_waiting_for_a_writer"),
        ],
    ),
    Tested(
        "F14",
        &[
            ("tests/it/watch.rs", "f14_root_is_told_that_less_is_enough"),
            ("tests/it/watch.rs", "root_can_go_on_as_somebody_else"),
        ],
    ),
    Tested(
        "F15",
        &[
            ("tests/it/faults.rs", "f15_a_system_that_cannot_confine_is_told_and_watched_all_the_same"),
            ("src/command/process.rs", "nothing_is_written_outside_of_the_own_folder"),
        ],
    ),
    Tested(
        "F16",
        &[
            ("src/config/key.rs", "a_short_file_is_an_error_and_not_a_weak_key"),
            ("src/config/key.rs", "the_key_is_made_once_and_only_its_owner_can_read_it"),
        ],
    ),
    Tested("F17", &[("tests/it/search/faults.rs", "the_index_of_another_store_is_refused")]),
    Tested("F18", &[("tests/it/watch.rs", "a_watching_process_leaves_no_core_and_gains_no_rights")]),
    Open(
        "F19",
        "advisories, licences and sources of packages are checked by `.ci/dependencies`, not by a test",
    ),
];

fn name_of(row: &Row) -> &'static str {
    match row {
        Tested(name, _) | Open(name, _) => name,
    }
}

#[test]
fn every_row_has_its_place() {
    let expected =
        ROWS_OF.iter().flat_map(|(part, count)| (1..=*count).map(move |row| format!("{part}{row}")));
    assert_eq!(ROWS.iter().map(name_of).collect::<Vec<_>>(), expected.collect::<Vec<_>>());
}

#[test]
fn the_tests_of_a_row_exist_and_what_is_not_promised_is_said() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |file: &str| std::fs::read_to_string(root.join(file)).unwrap_or_default();
    // Lines of the document are broken where they are full.
    let said = read("RELIABILITY.md").split_whitespace().collect::<Vec<_>>().join(" ");
    let mut wrong = Vec::new();
    for row in ROWS {
        match row {
            Tested(name, tests) => {
                let missing =
                    tests.iter().filter(|(file, test)| !read(file).contains(&format!("fn {test}(")));
                wrong.extend(missing.map(|(file, test)| format!("{name}: no {test} in {file}")));
            }
            Open(name, why) if !said.contains(why) => {
                wrong.push(format!("{name} is not in RELIABILITY.md: {why}"))
            }
            Open(..) => {}
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let tested = ROWS.iter().filter(|row| matches!(row, Tested(..))).count();
    assert!(tested >= 115, "{tested} of {}", ROWS.len());
}
