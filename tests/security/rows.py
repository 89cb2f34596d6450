"""The flaws of others, and the ways to attack a client, each with what proves that we resist.

A row is proved by tests, by attacks of the catalogue that carry its id, or by
both. What concerns no client is listed with what it does concern, so that
nothing is forgotten by being nobody's. The list is as long as it is, and in one
file, because it is looked things up in.
"""

from attrs import frozen


@frozen
class Row:
    """One thing that must not succeed.

    Attributes:
        also: the names under which it was published.
        tests: pytest's names of what proves it, without the folder ``tests``;
            attacks of the catalogue come on top.
    """

    id: str
    words: str
    tests: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


ROWS = (
    # -- flaws that implementations had -------------------------------------------------
    Row(
        "T-01", "a flood of signatures is verified one by one",
        ("core/test_verify.py::test_4096_bogus_signatures_cost_one_verification_per_authorised_key",
         "core/test_wire.py::test_4096_signatures_are_read_and_more_are_refused"),
        also=("CVE-2020-6173", "CVE-2024-45395"),
    ),
    Row(
        "T-02", "one signature is listed twice and counts twice",
        ("core/test_verify.py::test_a_file_that_lists_a_signature_twice_is_refused",
         "core/test_verify.py::test_two_signatures_of_one_ecdsa_key_under_two_ids_count_once",
         "core/test_wire.py::test_one_key_id_signs_once"),
        also=("CVE-2020-6174", "CVE-2020-15093", "CVE-2026-6966"),
    ),
    Row(
        "T-03", "a root is stored before it is verified",
        ("core/test_workflow.py::test_a_refused_root_is_not_stored_and_the_next_update_succeeds",),
        also=("CVE-2020-15163",),
    ),
    Row(
        "T-04", "the name of a role is a path",
        ("security/test_surroundings.py::test_no_name_of_a_role_leads_out_of_the_store",
         "core/test_paths.py::test_a_stored_name_is_one_safe_segment"),
        also=("CVE-2021-41131", "CVE-2021-41150"),
    ),
    Row(
        "T-05", "bins are called as they like",
        ("core/test_workflow.py::test_what_is_no_bin_has_no_authority",
         "core/test_workflow.py::test_the_names_of_bins_are_spelled_in_one_way_only"),
        also=("GHSA-77hh-43cm-v8j6",),
    ),
    Row(
        "T-06", "patterns mean something else on another system",
        ("core/test_globs.py::test_vectors",),
        also=("GHSA-qp9x-wp8f-qgjj",),
    ),
    Row(
        "T-07", "a role verified for one delegator is believed for another",
        ("core/test_workflow.py::test_a_diamond_is_trusted_by_the_word_of_each_delegator",
         "core/test_trust.py::test_a_delegated_role_is_trusted_on_its_delegators_word_only"),
    ),
    Row(
        "T-08", "a failure looks like an absence, or like an end",
        ("core/test_drive.py::test_a_transport_that_fails_ends_the_workflow",
         "transport/test_transport_hostile.py::test_what_is_cut_off_or_garbled_is_never_a_file",
         "transport/test_transport_hostile.py::test_a_server_that_stalls_is_given_up"),
    ),
    Row(
        "T-10", "numbers cost quadratic time",
        ("core/test_json.py::test_numbers_are_bounded",),
    ),
    Row(
        "T-11", "a file is half written, or its draft stays",
        ("storage/test_storage_processes.py::test_a_killed_process_leaves_a_whole_file_and_no_lock",
         "storage/test_storage_processes.py::"
         "test_the_data_is_on_disk_before_the_name_and_the_name_before_we_say_so"),
    ),
    Row(
        "T-13", "what lies in the working directory steers us",
        ("security/test_surroundings.py::test_nothing_around_a_program_steers_it",),
        also=("PYSEC-2023-63",),
    ),
    Row(
        "T-20", "a version goes back",
        ("core/test_workflow.py::test_no_version_falls_between_two_runs_of_a_program",),
        also=("CVE-2022-29173",),
    ),
    Row(
        "T-21", "one key under two ids counts twice",
        ("core/test_verify.py::test_one_key_under_two_ids_counts_once",
         "core/test_keys.py::test_one_key_in_thirteen_spellings_does_not_meet_a_threshold_of_two"),
        also=("GHSA-3633-5h82-39pq", "CVE-2026-49834"),
    ),
    Row(
        "T-22", "delegations are searched in any order",
        ("core/test_workflow.py::test_the_search_is_pre_order_and_most_trusted_first",),
        also=("CVE-2024-47534",),
    ),
    Row(
        "T-23", "a strange structure ends the program",
        ("core/test_wire.py::test_whatever_stands_anywhere_nothing_but_malformed_escapes",),
        also=("CVE-2026-23991",),
    ),
    Row(
        "T-24", "a threshold of none",
        ("core/test_wire.py::test_thresholds_and_versions_are_integers_from_one",
         "core/test_verify.py::test_a_threshold_below_one_is_a_programming_error"),
        also=("CVE-2026-23992",),
    ),
    Row(
        "T-25",
        "the name of a repository in a map is a path",
        (
            "consensus/test_maps.py::test_a_name_that_could_be_a_path_is_refused",
        ),
        also=("CVE-2026-24686",),
    ),
    Row(
        "T-26", "a file without a hash that can be checked",
        ("core/test_wire.py::test_there_is_a_hash_where_there_are_hashes",
         "core/test_trust.py::"
         "test_a_file_with_unknown_hashes_only_is_refused_and_one_among_known_ones_is_ignored",
         "downloads/test_downloads_expected.py::test_a_hash_that_is_not_known_here_does_not_count"),
    ),
    Row(
        "T-27", "a key of the wrong length",
        ("core/test_keys.py::test_an_ed25519_key_is_32_bytes_of_hex",
         "core/test_verify.py::"
         "test_a_key_that_cannot_be_used_never_counts_and_does_not_disturb_others"),
    ),
    Row(
        "T-28",
        "a map without repositories, or with strange ones",
        (
            "consensus/test_maps.py::test_a_url_that_no_transport_would_take_is_refused",
            "consensus/test_maps.py::test_a_password_in_a_url_is_refused_and_not_repeated",
            "consensus/test_maps.py::test_what_cannot_be_heeded_is_refused",
        ),
    ),
    Row(
        "T-29", "an answer is asked for again that was an answer",
        ("transport/test_transport_settings.py::test_every_other_answer_is_given_once",),
    ),
    Row(
        "T-30", "the name of a target is a path",
        ("downloads/test_downloads_whole.py::"
         "test_what_metadata_calls_a_file_never_chooses_a_place",),
        also=("CVE-2021-41149", "CVE-2026-24137"),
    ),
    Row(
        "T-31", "a root of another version than it is asked for",
        ("core/test_trust.py::test_the_next_root_is_the_very_next_version",),
        also=("CVE-2025-2885",),
    ),
    Row(
        "T-32", "a terminating delegation does not end the search",
        ("core/test_workflow.py::test_a_terminating_delegation_ends_the_search",),
        also=("CVE-2025-2886",),
    ),
    Row(
        "T-33", "a delegated role goes back",
        ("core/test_trust.py::test_a_snapshot_that_lists_a_role_at_an_older_version_is_refused",),
        also=("CVE-2025-2887",),
    ),
    Row(
        "T-34", "a timestamp locks the client out for good",
        ("core/test_workflow.py::test_a_timestamp_that_points_at_a_bad_snapshot_poisons_nothing",
         "core/test_workflow.py::test_a_timestamp_that_lists_an_older_snapshot_is_not_stored"),
        also=("CVE-2025-2888",),
    ),
    Row(
        "T-35", "a delegated role is not looked at closely",
        ("core/test_workflow.py::test_a_role_on_the_way_that_cannot_be_trusted_ends_the_search",),
        also=("CVE-2026-6967",),
    ),
    Row(
        "T-36", "a link in the place of a file is followed",
        ("storage/test_storage_file.py::"
         "test_a_link_in_place_of_a_clients_file_is_replaced_and_never_followed",
         "downloads/test_downloads_whole.py::test_a_link_in_its_place_is_replaced_and_not_followed"),
        also=("CVE-2026-6968",),
    ),
    Row(
        "T-37", "a wrong word hides a right one",
        ("core/test_workflow.py::"
         "test_a_role_reached_by_the_wrong_word_first_is_an_error_and_no_silence",),
    ),
    Row(
        "T-40", "a signature chooses how it is verified",
        ("core/test_schemes.py::test_a_signature_of_one_scheme_is_none_of_another",
         "core/test_schemes.py::test_a_key_listed_under_the_scheme_of_another_kind_never_counts"),
        also=("CVE-2015-9258",),
    ),
    Row(
        "T-41", "an expired root goes on",
        ("core/test_trust.py::test_an_expired_final_root_is_refused",),
        also=("CVE-2015-9259",),
    ),
    Row(
        "T-42", "a huge version locks every client out",
        ("core/test_workflow.py::test_versions_that_a_thief_inflated_fall_with_his_keys",),
    ),
    Row(
        "T-44", "one of several hashes is checked",
        ("core/test_trust.py::test_every_hash_that_is_listed_is_checked",
         "downloads/test_downloads_expected.py::test_each_of_several_hashes_is_checked"),
    ),
    Row(
        "T-45", "members that nobody signed are believed",
        ("core/test_wire.py::test_unsigned_members_are_ignored",),
    ),
    Row(
        "T-46", "the name of a repository is a path",
        ("content/test_reference.py::test_a_name_outside_the_grammar_is_refused",),
    ),
    Row("T-48", "a role speaks for what nobody gave it"),
    Row("T-49", "tag and digest disagree, and the digest wins"),
    # -- and those around them ----------------------------------------------------------
    Row(
        "T-50", "bytes that nobody verified come out of a verified call",
        ("downloads/test_downloads_whole.py::test_wrong_bytes_are_refused_and_leave_no_trace",),
        also=("CVE-2023-47122",),
    ),
    Row(
        "T-51", "what anybody adds to a target is believed of everybody",
        ("security/test_surroundings.py::test_what_is_said_of_a_target_comes_with_who_said_it",),
    ),
    Row(
        "T-52", "what was stored is not verified again",
        ("core/test_workflow.py::test_stored_targets_that_were_tampered_with_are_fetched_again",
         "client/test_client_offline.py::test_what_is_stored_is_verified_offline"),
    ),
    Row(
        "T-53", "whoever writes to the store is root",
        ("core/test_workflow.py::test_stored_roots_are_verified_again",),
    ),
    Row(
        "T-54", "a wildcard crosses a slash",
        ("core/test_globs.py::test_vectors",),
        also=("CVE-2021-41087",),
    ),
    Row(
        "T-55", "what expired is forgotten",
        ("core/test_workflow.py::test_expired_memories_hold_over_restarts",),
    ),
    Row(
        "T-56", "an exception counts as success",
        ("core/test_schemes.py::test_no_signature_raises_and_none_but_the_signed_counts",),
        also=("CVE-2026-39395",),
    ),
    Row("T-57", "evidence for something else is accepted", also=("CVE-2026-22703",)),
    Row(
        "T-59", "nothing at all verifies",
        ("core/test_verify.py::test_no_signatures_prove_nothing",
         "core/test_verify.py::test_asking_nobody_is_a_programming_error"),
        also=("CVE-2022-35929", "CVE-2022-36056"),
    ),
    Row(
        "T-60", "data without end",
        ("core/test_drive.py::test_endless_data_is_left_at_the_first_piece_too_many",),
        also=("CVE-2023-46737", "CVE-2024-29902"),
    ),
    Row("T-62", "a tag goes back to what it stood for", also=("CVE-2024-23332",)),
    Row(
        "T-63", "a store that cannot be written ends the program",
        ("storage/test_storage_processes.py::"
         "test_a_read_only_store_can_be_read_and_says_that_it_cannot_be_written",),
        also=("CVE-2024-51491",),
    ),
    Row(
        "T-65", "credentials go where a server sends them",
        ("transport/test_transport_redirects.py::test_another_origin_gets_no_credentials",),
        also=("CVE-2020-15157",),
    ),
    # -- the kinds of attacks that TUF knows --------------------------------------------
    Row(
        "T-90", "other software than was signed",
        ("downloads/test_downloads_whole.py::test_wrong_bytes_are_refused_and_leave_no_trace",),
    ),
    Row("T-91", "the client is kept where it is",
        ("core/test_trust.py::test_a_role_expires_at_the_second_it_says",)),
    Row("T-92", "files that do not belong together",
        ("core/test_trust.py::"
         "test_a_targets_role_of_another_version_than_the_snapshot_lists_is_refused",)),
    Row("T-93", "data that comes too slowly",
        ("core/test_drive.py::test_a_file_that_drips_is_given_up",)),
    Row("T-94", "what a publisher adds to a target installs something else",
        ("security/test_surroundings.py::test_what_is_said_of_a_target_comes_with_who_said_it",)),
    Row("T-95", "fewer keys than there must be",
        ("core/test_verify.py::test_exactly_the_threshold_is_enough_and_one_less_is_not",)),
    Row("T-96", "a stolen root key goes on after it was removed",
        ("core/test_trust.py::test_the_keys_removed_from_root_sign_no_further_root",)),
    Row("T-97", "what is withheld is not missed",
        ("core/test_workflow.py::test_a_file_that_is_withheld_is_an_error",)),
    Row("T-98", "the file of one role stands in for another's",
        ("core/test_trust.py::test_a_role_of_another_type_is_refused_though_one_key_signs_for_all",)),
    Row("T-99", "delegations in a circle, or without end",
        ("core/test_workflow.py::test_delegations_in_a_circle_come_to_an_end",)),
    Row("T-100", "the clock decides",
        ("core/test_workflow.py::test_a_clock_that_went_back_is_noticed",)),
    Row("T-101", "file names follow another root than the trusted one",
        ("core/test_workflow.py::test_consistency_follows_the_current_root",)),
    Row("T-102", "a role vanishes",
        ("core/test_trust.py::test_a_snapshot_that_no_longer_lists_a_role_is_refused",)),
    Row("T-103", "a tag that looks like another",
        ("content/test_reference.py::test_tags_that_differ_in_case_are_different_tags",)),
    Row("T-104", "a digest by another hash, a size or a media type that is not the tag's"),
    # -- files that are written strangely -----------------------------------------------
    Row("P01", "one key meets a threshold of two",
        ("core/test_verify.py::test_one_key_under_two_ids_counts_once",)),
    Row("P02", "a key whose id is no hash is refused, or counts twice",
        ("core/test_verify.py::test_key_ids_are_names_and_need_not_be_hashes",)),
    Row("P03", "true is a version",
        ("core/test_wire.py::test_thresholds_and_versions_are_integers_from_one",)),
    Row("P04", "true is a threshold", ("core/test_json.py::test_integers_are_integers_in_bounds",)),
    Row("P05", "versions and thresholds below 1, or in quotes"),
    Row("P10", "a version beyond 2**53", ("core/test_json.py::test_numbers_are_bounded",)),
    Row("P11", "words are true", ("core/test_json.py::test_flags_are_true_or_false",)),
    Row("P13", "an earlier or later minor version is refused",
        ("core/test_wire.py::test_any_version_1_of_the_specification_is_read",)),
    Row("P15", "another major version is read"),
    Row("P17", "digits that are none make a version",
        ("core/test_wire.py::test_any_version_1_of_the_specification_is_read",)),
    Row("P18", "a time that cannot be read never comes",
        ("core/test_json.py::test_a_time_is_spelled_in_one_way",)),
    Row("P19", "a value is spelled anew after it was signed",
        ("core/test_wire.py::test_an_equal_spelling_of_a_value_does_not_verify",)),
    Row("P20", "an entry is added to the timestamp",
        ("core/test_wire.py::test_a_timestamp_lists_the_snapshot_and_nothing_else",)),
    Row("P21", "a member is there twice", ("core/test_json.py::test_a_member_is_named_once",)),
    Row("P22", "something follows", ("core/test_json.py::test_nothing_follows",)),
    Row("P23", "a byte order mark", ("core/test_json.py::test_files_are_utf_8_without_a_mark",)),
    Row("P25", "fractions", ("core/test_json.py::test_there_are_no_fractions",)),
    Row("P26", "half a character",
        ("core/test_json.py::test_there_are_no_halves_of_surrogate_pairs",)),
    Row("P27", "deep nesting", ("core/test_json.py::test_deep_nesting_is_refused",)),
    Row("P30", "weak and unknown hashes count",
        ("core/test_wire.py::test_hashes_of_unknown_algorithms_are_kept_and_anything",)),
    Row("P32", "two names of roles meet in one file",
        ("core/test_paths.py::test_two_names_never_meet_in_one_file",
         "core/test_paths.py::test_no_file_is_called_like_a_device")),
    Row("P33", "the name of a target leads astray",
        ("core/test_paths.py::test_a_target_is_published_under_its_name_and_hash",)),
    Row("P40", "the role mirrors is refused",
        ("core/test_wire.py::test_root_may_list_further_roles",)),
    Row("P41", "a key of an unknown type is refused, or counts",
        ("core/test_wire.py::test_keys_of_unknown_types_are_kept",)),
    Row("P42", "who says nothing of an end ends the search",
        ("core/test_wire.py::test_terminating_is_true_or_false_and_absence_is_false",)),
    Row("P43", "who is given nothing is given everything",
        ("core/test_wire.py::test_a_delegation_by_nothing_covers_nothing",)),
    Row("P44", "too many delegations are no answer instead of an error",
        ("core/test_workflow.py::test_as_many_roles_as_allowed_are_visited",)),
    Row("P46", "the first role is withheld and the second is heard",
        ("core/test_workflow.py::test_a_role_on_the_way_that_cannot_be_trusted_ends_the_search",)),
    Row("P48", "classes of characters in a pattern",
        ("core/test_world_as_it_is.py::"
         "test_a_class_in_a_pattern_is_four_characters_and_no_class",)),
    Row("P50", "a length that is claimed raises a limit",
        ("core/test_workflow.py::"
         "test_a_length_that_is_claimed_lowers_the_limit_and_never_raises_it",)),
    Row("P51", "a length of 0", ("core/test_wire.py::"
                                 "test_lengths_of_metadata_are_integers_from_one_or_absent",)),
    Row("P52", "floors fall when keys are only added",
        ("core/test_trust.py::test_both_floors_fall_when_a_key_of_either_is_removed",)),
    Row("P54", "roots without end",
        ("core/test_workflow.py::"
         "test_as_many_rotations_as_allowed_are_accepted_and_the_rest_another_time",)),
    Row("P55", "a second update fails",
        ("core/test_workflow.py::test_a_second_update_takes_what_is_new",)),
    Row("P56", "the clock is set back",
        ("core/test_workflow.py::test_a_clock_that_went_back_is_noticed",)),
    Row("P59", "half a megabyte of signatures",
        ("core/test_verify.py::"
         "test_4096_bogus_signatures_cost_one_verification_per_authorised_key",)),
    Row("P64", "the length of a target is no number",
        ("core/test_wire.py::test_lengths_of_targets_are_integers_from_zero",)),
    Row("P66", "a hash is a path",
        ("core/test_wire.py::test_a_hash_is_lower_case_hex_of_the_right_length",
         "transport/test_transport_urls.py::test_a_path_that_can_be_read_in_two_ways_is_refused")),
    # -- servers, stores and programs ---------------------------------------------------
    Row("P70", "compressed files, and bombs",
        ("transport/test_transport_hostile.py::test_compressed_files_are_refused_and_never_unpacked",)),
    Row("P72b", "twenty bytes in a quarter of a minute",
        ("core/test_drive.py::test_a_file_that_takes_longer_than_the_deadline_is_given_up",
         "transport/test_transport_http.py::test_pieces_are_handed_on_as_they_arrive")),
    Row("P73", "a redirect to another origin",
        ("transport/test_transport_redirects.py::test_another_origin_is_not_visited_by_default",)),
    Row("P75", "a body that is cut off",
        ("transport/test_transport_hostile.py::test_what_is_cut_off_or_garbled_is_never_a_file",)),
    Row("P76", "a server that is busy",
        ("transport/test_transport_settings.py::test_what_can_pass_is_asked_again",)),
    Row("P77", "no content, and part of it, are a file",
        ("transport/test_transport_http.py::"
         "test_every_other_answer_is_neither_a_file_nor_an_absence",)),
    Row("P78", "headers without end",
        ("transport/test_transport_hostile.py::test_a_flood_of_headers_is_refused",)),
    Row("P79", "two programs and one store",
        ("core/test_workflow.py::test_a_lost_race_starts_the_update_again",
         "storage/test_storage_processes.py::test_processes_lose_no_update")),
    Row("P80", "what is trusted can be changed by who asked",
        ("security/test_surroundings.py::test_nobody_changes_what_is_trusted",)),
    Row("P85", "a store is half written",
        ("storage/test_storage_processes.py::test_the_data_is_on_disk_before_the_name_and_the_name_before_we_say_so",)),
    Row("P90", "bins in other spellings",
        ("core/test_workflow.py::test_what_is_no_bin_has_no_authority",)),
    Row("P93", "a root without the old signatures",
        ("core/test_trust.py::test_the_next_root_needs_the_old_keys_and_its_own",)),
    Row("P94", "a root on the way that cannot be read",
        ("core/test_workflow.py::test_a_refused_root_is_not_stored_and_the_next_update_succeeds",)),
)  # fmt: skip

COUNTED_WITH = {
    "P06": "P05", "P07": "P05", "P08": "P05", "P09": "P05", "P14": "P13", "P16": "P15",
    "P45": "P44", "P71": "P70", "P81": "P80",
}  # fmt: skip
"""Rows that are one with another."""

ELSEWHERE = {
    "T-09": "key files",
    "T-12": "key files; the envelope called DSSE is not used",
    "T-43": "command line",
    "T-47": "publisher",
    "T-58": "Notary",
    "T-61": "registry",
    "T-64": "registry",
    "T-70": "key files",
    "T-105": "registry",
    "P82": "key files",
    "P83": "publisher",
    "P86": "publisher",
}
"""Rows that concern no client, and what they concern."""
