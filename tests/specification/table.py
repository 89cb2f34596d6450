"""What the specification asks of clients and publishers, what does it here, and what holds it.

In our own words, and only what can be asked of a library. A row is one thing
asked for; where it stands in the specification is its *mark*, and the same mark
stands in the code beside the line that does it. The rows of §5 are every step
there is.

``PYTHONPATH=tests python -m specification.page > docs/reference/specification.md``
writes the page for readers.
"""

from attrs import field, frozen


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


@frozen(kw_only=True)
class Row:
    """One thing that is asked for.

    Attributes:
        mark: the section or step.
        asks: what is asked for.
        demands: for how many words like MUST in the text of that section it stands.
        done: what does it, as ``module:function``; the mark stands in there.
        tests: what fails when it is not done, as ``file::test`` below ``tests``.
        but: where more is done than is asked for, or something else, or nothing; and why.
    """

    mark: str
    asks: str
    demands: int = 0
    done: tuple[str, ...] = field(default="", converter=_words)
    tests: tuple[str, ...] = field(default="", converter=_words)
    but: str = ""


_THRESHOLD = """
    core/test_verify.py::test_exactly_the_threshold_is_enough_and_one_less_is_not
    core/test_verify.py::test_one_key_under_two_ids_counts_once
    core/test_verify.py::test_a_file_that_lists_a_signature_twice_is_refused
    core/test_verify.py::test_verified_if_and_only_if_enough_distinct_authorised_keys_signed
    core/test_trust.py::test_a_role_signed_by_somebody_else_is_refused
    core/test_trust.py::test_a_role_signed_by_one_key_of_two_is_refused_and_by_two_is_not
"""
_COUNTED = "Keys are counted by what they are, so one key under two ids counts once."
_EXPIRED = "core/test_trust.py::test_a_role_expires_at_the_second_it_says"
_KEPT = "core/test_workflow.py::test_nothing_of_a_refused_file_or_after_it_is_stored"
_STORED = "core/test_workflow.py::test_a_first_update_asks_for_what_the_specification_says_and_stores_it_at_once"
_LIMITS = """
    core/test_workflow.py::test_every_file_is_fetched_under_its_limit
    core/test_workflow.py::test_a_length_that_is_claimed_lowers_the_limit_and_never_raises_it
    core/test_drive.py::test_endless_data_is_left_at_the_first_piece_too_many
"""
_NAMES = """
    core/test_workflow.py::test_repositories_without_consistent_snapshots_are_read
    core/test_workflow.py::test_consistency_follows_the_current_root
"""
_LENGTH = "A length is checked as well, where one is listed."

BEFORE_5 = (
    Row(
        mark="§2.1.1",
        asks="A client comes with the root keys that it trusts, for each repository.",
        demands=1,
        done="anchors:Anchor",
        tests="""
            core/test_workflow.py::test_a_new_anchor_replaces_the_chain_of_the_old_one
            core/test_workflow.py::test_an_anchor_that_is_no_root_is_refused
        """,
        but="There is no updater without an anchor, and a cache is none.",
    ),
    Row(
        mark="§2.1.1",
        asks="Root keys are kept secret, and better offline.",
        demands=1,
        done="signing:KeyFile publish:SigningRequest",
        tests="""
            signing/test_keyfile_disk.py::test_a_new_key_is_its_owners_under_any_umask
            signing/test_keyfile_disk.py::test_no_byte_of_the_private_key_was_written_in_the_clear
            publish/test_publish_flows.py::test_two_people_sign_on_machines_of_their_own
        """,
        but="It is the publisher's to do. Requests travel as files, so that a key need never be where"
        " the network is.",
    ),
    Row(
        mark="§2.3",
        asks="How the format is written is documented.",
        done="documents:Format",
        but="Not as a document of its own yet: the docstrings of `trustlib.wire` say it.",
    ),
    Row(
        mark="§3.1.1",
        asks="With consistent snapshots, the name of a target's file says which content it has.",
        demands=2,
        done="_paths:published_target",
        tests="""
            core/test_paths.py::test_a_target_is_published_under_its_name_and_hash
            core/test_workflow.py::test_an_answer_says_what_the_repository_calls_the_file
        """,
        but="Images lie in registries, which call them by their digest.",
    ),
    Row(
        mark="§4",
        asks="Members that a reader does not know are under the signatures, and are kept.",
        done="wire:read_whole",
        tests="""
            core/test_wire.py::test_members_nobody_knows_are_kept_and_signed_over
            publish/test_publish_foreign.py::test_an_edit_of_every_role_loses_no_member
        """,
    ),
    Row(
        mark="§4.1",
        asks="A file is read in one way only, and has one canonical form.",
        done="_canonical:canonical",
        tests="""
            core/test_canonical.py::test_it_is_what_securesystemslib_writes
            core/test_canonical.py::test_two_values_have_one_form_only_if_they_are_equal
            core/test_json.py::test_a_member_is_named_once
            core/test_json.py::test_there_are_no_fractions
        """,
    ),
    Row(
        mark="§4.2.1",
        asks="A key id signs once.",
        demands=2,
        done="wire:signatures_in",
        tests="""
            core/test_wire.py::test_one_key_id_signs_once
            core/test_verify.py::test_a_file_that_lists_a_signature_twice_is_refused
        """,
        but="A file in which one signs twice is refused, whichever of the two is good.",
    ),
    Row(
        mark="§4.2.1",
        asks="The id of a key is the hash of its canonical form.",
        done="keys:id",
        tests="core/test_keys.py::test_the_id_of_a_key_is_the_hash_of_its_canonical_form",
    ),
    Row(
        mark="§4.2.2",
        asks="The three schemes of the reference implementation are there and mean what they mean"
        " elsewhere.",
        demands=2,
        done="_schemes:SCHEMES",
        tests="""
            core/test_schemes.py::test_what_a_scheme_signs_verifies
            core/test_schemes.py::test_a_signature_of_one_scheme_is_none_of_another
            interop/test_interop_read.py::test_every_scheme_of_every_kind_of_key_counts
            interop/test_interop_tufjs.py::test_tufjs_accepts_what_each_scheme_signs
        """,
        but="Points of elliptic curves are read in hex as well: Sigstore's first roots have them.",
    ),
    Row(
        mark="§4.2.2",
        asks="RSA keys have 2048 bits or more.",
        demands=1,
        done="_schemes:_RSA_BITS",
        tests="""
            core/test_schemes.py::test_rsa_moduli_have_2048_to_8192_bits
            core/test_keys.py::test_rsa_keys_have_2048_to_8192_bits
        """,
        but="And at most 8192, which bounds what verifying costs.",
    ),
    Row(
        mark="§4.2.3",
        asks="Times are in UTC, in whole seconds, spelled in one way.",
        done="_json:time wire:_time",
        tests="""
            core/test_json.py::test_a_time_is_spelled_in_one_way
            core/test_times.py::test_what_neither_reader_takes_is_malformed
            publish/test_publish_plan.py::test_expiry_is_a_moment_in_utc_of_whole_seconds
        """,
        but="`TUF_JSON_RFC3339` reads fractions and offsets too, for who asks for it.",
    ),
    Row(
        mark="§4.3",
        asks="The version of the specification is one that the client knows.",
        demands=1,
        done="wire:_head",
        tests="core/test_wire.py::test_any_version_1_of_the_specification_is_read",
        but="Any `1.x` and `1.x.y` is: all of Sigstore's metadata says `1.0`.",
    ),
    Row(
        mark="§4.3",
        asks="A new root says whether snapshots are consistent.",
        demands=1,
        done="wire:signed_value",
        tests="publish/test_publish_layout.py::test_a_root_says_that_snapshots_are_consistent",
    ),
    Row(
        mark="§4.3",
        asks="No file takes the place of a trusted one of a later version.",
        demands=1,
        done="trust:Prior",
        tests="""
            core/test_workflow.py::test_no_version_falls_between_two_runs_of_a_program
            core/test_workflow.py::test_a_version_does_not_fall_through_a_race
            core/test_trust.py::test_an_earlier_root_is_refused
        """,
        but="Unless the keys that signed the later one were removed (§5.3.11).",
    ),
    Row(
        mark="§4.3",
        asks="What has expired is not trusted.",
        demands=1,
        done="trust:not_expired",
        tests=f"""
            {_EXPIRED}
            core/test_trust.py::test_trust_can_be_carried_on_until_the_first_role_expires
        """,
        but="Also not later in the life of a program: what is remembered expires as well.",
    ),
    Row(
        mark="§4.3",
        asks="Root lists the four roles, and may list mirrors.",
        demands=1,
        done="wire:_root",
        tests="""
            core/test_wire.py::test_what_must_be_there_must_be_there
            core/test_world_as_it_is.py::test_the_optional_role_is_accepted_and_the_others_are_not_optional
        """,
    ),
    Row(
        mark="§4.3",
        asks="Key ids are right, and clients work them out.",
        demands=2,
        done="roles:of",
        tests="""
            core/test_verify.py::test_key_ids_are_names_and_need_not_be_hashes
            publish/test_publish_layout.py::test_every_key_is_listed_under_its_id
            core/test_world_as_it_is.py::test_ids_are_names_but_one_key_by_two_names_is_one_key
        """,
        but="Publishers do; clients do not. Roots in production list keys under ids that are the"
        " hash of something else (Sigstore's eleventh is one). What the rule protects is the count,"
        " and that is protected by comparing the keys themselves.",
    ),
    Row(
        mark="§4.3",
        asks="One id names one key, here and in other files.",
        demands=1,
        done="verify:verify",
        tests="""
            core/test_json.py::test_a_member_is_named_once
            core/test_verify.py::test_one_id_may_name_two_keys_in_two_authorities
            core/test_verify.py::test_one_authoritys_signatures_do_not_count_for_another
            publish/test_publish_edits.py::test_adding_a_key_never_puts_it_in_the_place_of_another
        """,
        but="Here: in one file, an id that stands twice is refused. In two files it may name two keys,"
        " and each file is verified with its own: else whoever is delegated to could lock others out"
        " by taking their names.",
    ),
    Row(
        mark="§4.3",
        asks="A threshold is a number from one.",
        done="wire:_keyset",
        tests="""
            core/test_wire.py::test_thresholds_and_versions_are_integers_from_one
            core/test_wire.py::test_what_is_no_integer_in_json_is_refused
        """,
    ),
    Row(
        mark="§4.4",
        asks="A snapshot lists the version of every targets role.",
        demands=1,
        done="publish:snapshot",
        tests="""
            publish/test_publish_layout.py::test_a_snapshot_lists_every_targets_role_by_its_plain_name
            core/test_trust.py::test_a_targets_role_that_the_snapshot_does_not_list_is_refused
        """,
    ),
    Row(
        mark="§4.4",
        asks="Where no length is listed, the client has a limit of its own.",
        demands=1,
        done="limits:Limits",
        tests=_LIMITS,
        but="Its own limit holds where a length is listed, too.",
    ),
    Row(
        mark="§4.4",
        asks="Where no hash is listed, a version says which file is meant.",
        demands=1,
        done="publish:_following",
        tests="""
            publish/test_publish_plan.py::test_numbers_that_a_killed_publisher_left_behind_are_skipped
            publish/test_publish_publication.py::test_of_two_publishers_one_wins_and_the_other_is_told
        """,
    ),
    Row(
        mark="§4.5",
        asks="The path of a target is divided by slashes and does not begin with one.",
        demands=1,
        done="publish:target_path",
        tests="publish/test_publish_edits.py::test_paths_that_lead_astray_are_refused",
        but="Others' paths are read as they are.",
    ),
    Row(
        mark="§4.5",
        asks="A delegated role is named once.",
        demands=1,
        done="wire:_delegations",
        tests="""
            core/test_wire.py::test_every_delegated_role_is_named_once
            publish/test_publish_edits.py::test_a_delegated_role_has_a_name_of_its_own
        """,
    ),
    Row(
        mark="§4.5",
        asks="Every delegation on the way covers the target.",
        demands=1,
        done="workflow:covering",
        tests="""
            core/test_workflow.py::test_only_roles_whose_paths_cover_the_target_are_asked
            core/test_delegation_chains.py::test_a_role_speaks_for_no_more_than_each_delegation_on_the_way_lets_it
            publish/test_publish_edits.py::test_every_delegation_on_the_way_must_cover_the_path
        """,
    ),
    Row(
        mark="§4.5",
        asks="A pattern is divided by slashes and does not begin with one.",
        demands=1,
        done="publish:path_pattern",
        tests="publish/test_publish_patterns.py::test_a_pattern_that_no_target_could_match_is_refused",
        but="Others' patterns are read as they are.",
    ),
    Row(
        mark="§4.5",
        asks="A wildcard stops at a slash.",
        demands=1,
        done="_globs:matches",
        tests="""
            core/test_globs.py::test_vectors
            core/test_globs.py::test_it_is_what_a_slow_matcher_says
        """,
    ),
    Row(
        mark="§4.5",
        asks="Delegations are looked at in order, and what comes first counts more.",
        done="workflow:covering",
        tests="core/test_workflow.py::test_the_search_is_pre_order_and_most_trusted_first",
    ),
    Row(
        mark="§4.5",
        asks="A delegation is by paths or by hash prefixes.",
        done="wire:_delegation",
        tests="""
            core/test_wire.py::test_a_delegation_is_by_paths_or_by_prefixes
            core/test_wire.py::test_a_delegation_by_nothing_covers_nothing
        """,
    ),
    Row(
        mark="§4.5",
        asks="What is said of a target besides is an object, and handed on.",
        done="wire:target_in",
        tests="""
            core/test_wire.py::test_custom_is_an_object_if_it_is_there
            interop/test_interop_published.py::test_tags_and_custom_data_arrive_as_they_were_given
        """,
    ),
    Row(
        mark="§4.6",
        asks="A timestamp lists the snapshot and nothing else.",
        demands=1,
        done="wire:_timestamp",
        tests="core/test_wire.py::test_a_timestamp_lists_the_snapshot_and_nothing_else",
    ),
    Row(
        mark="§4.7",
        asks="A list of mirrors may be signed and served.",
        but="It is not read: mirrors are given to the client (`Mirrors`), and none is trusted.",
    ),
)

CLIENT = (
    Row(
        mark="§5",
        asks="An update that fails leaves a client that can update again.",
        done="workflow:refresh",
        tests="""
            core/test_workflow.py::test_a_refused_root_is_not_stored_and_the_next_update_succeeds
            core/test_workflow.py::test_a_timestamp_that_points_at_a_bad_snapshot_poisons_nothing
            core/test_workflow.py::test_recovery_survives_a_crash_at_any_moment
        """,
    ),
    Row(
        mark="§5.1",
        asks="The time is looked at once, when the update begins.",
        done="workflow:refresh",
        tests=f"""
            {_EXPIRED}
            core/test_fixed_time.py::test_the_clock_is_looked_at_once_however_long_an_update_takes
        """,
    ),
    Row(
        mark="§5.2",
        asks="Begin with the root that came out of band; that it has expired does not matter.",
        done="trust:bootstrap",
        tests="""
            core/test_trust.py::test_the_first_root_may_have_expired
            core/test_trust.py::test_a_first_root_must_be_signed_by_its_own_keys
        """,
        but="Roots that earlier updates stored are verified again, beginning at that one.",
    ),
    Row(
        mark="§5.3.1",
        asks="Fetch every root between the trusted one and the latest.",
        demands=2,
        done="workflow:_root_updated",
        tests="""
            core/test_workflow.py::test_as_many_rotations_as_allowed_are_accepted_and_the_rest_another_time
            core/test_workflow.py::test_stored_roots_are_replayed_and_not_fetched_again
        """,
    ),
    Row(
        mark="§5.3.2",
        asks="N is the version of the trusted root.",
        done="workflow:_root_updated",
        tests=_STORED,
    ),
    Row(
        mark="§5.3.3",
        asks="Fetch root N+1, up to so many bytes; go on where there is none, or after so many roots.",
        done="workflow:_root_updated",
        tests=f"""
            {_LIMITS}
            core/test_workflow.py::test_as_many_rotations_as_allowed_are_accepted_and_the_rest_another_time
        """,
        but="After so many roots the update ends with `LimitError`, and the next one goes on. A client"
        " that carried on with an old root would trust keys that may have been removed.",
    ),
    Row(
        mark="§5.3.4",
        asks="A threshold of the old root's keys and a threshold of its own signed the new one; a key"
        " counts once.",
        demands=4,
        done="trust:accept_root",
        tests=f"""
            {_THRESHOLD}
            core/test_trust.py::test_the_next_root_needs_the_old_keys_and_its_own
            core/test_verify.py::test_every_authority_must_vouch
            core/test_workflow.py::test_a_refused_root_is_not_stored_and_the_next_update_succeeds
        """,
        but=_COUNTED,
    ),
    Row(
        mark="§5.3.5",
        asks="Its version is N+1.",
        demands=1,
        done="trust:accept_root",
        tests="core/test_trust.py::test_the_next_root_is_the_very_next_version",
    ),
    Row(
        mark="§5.3.6",
        asks="That it has expired does not matter yet.",
        done="trust:accept_root",
        tests="core/test_trust.py::test_roots_on_the_way_may_have_expired",
    ),
    Row(
        mark="§5.3.7",
        asks="It is the trusted root from now on.",
        done="trust:accept_root",
        tests="core/test_trust.py::test_the_new_root_says_who_signs_from_now_on",
    ),
    Row(
        mark="§5.3.8",
        asks="Store it.",
        demands=1,
        done="workflow:_root_updated",
        tests=f"""
            {_STORED}
            core/test_workflow.py::test_a_refused_root_in_the_middle_keeps_those_before_it
        """,
    ),
    Row(
        mark="§5.3.9",
        asks="Again, until there is no later one.",
        done="workflow:_root_updated",
        tests="core/test_workflow.py::test_as_many_rotations_as_allowed_are_accepted_and_the_rest_another_time",
    ),
    Row(
        mark="§5.3.10",
        asks="The last root has not expired.",
        demands=1,
        done="trust:accept_timestamp",
        tests=f"{_EXPIRED} core/test_trust.py::test_an_expired_final_root_is_refused",
    ),
    Row(
        mark="§5.3.11",
        asks="Where timestamp or snapshot keys were replaced, forget both files.",
        done="trust:recovered",
        tests="""
            core/test_trust.py::test_both_floors_fall_when_a_key_of_either_is_removed
            core/test_trust.py::test_both_floors_fall_when_the_key_of_either_is_replaced
            core/test_trust.py::test_no_floor_falls_when_keys_are_only_added
            core/test_workflow.py::test_versions_that_a_thief_inflated_fall_with_his_keys
            core/test_workflow.py::test_recovery_survives_a_crash_at_any_moment
        """,
        but="Their versions no longer count; the files stay until others take their place. A key that"
        " is only added is no reason, one that is removed is.",
    ),
    Row(
        mark="§5.3.12",
        asks="Root says whether snapshots are consistent.",
        done="workflow:_snapshot_updated",
        tests=f"{_NAMES} core/test_trust.py::test_consistency_is_what_the_current_root_says",
    ),
    Row(
        mark="§5.4.1",
        asks="Fetch the timestamp, up to so many bytes.",
        done="workflow:_timestamp_updated",
        tests=f"{_LIMITS} core/test_workflow.py::test_a_file_that_is_withheld_is_an_error",
    ),
    Row(
        mark="§5.4.2",
        asks="A threshold of root's timestamp keys signed it; a key counts once.",
        demands=4,
        done="trust:accept_timestamp",
        tests=_THRESHOLD,
        but=_COUNTED,
    ),
    Row(
        mark="§5.4.3",
        asks="Nothing goes back.",
        done="trust:recall",
        tests="core/test_workflow.py::test_no_version_falls_between_two_runs_of_a_program",
    ),
    Row(
        mark="§5.4.3.1",
        asks="Its version is not below the trusted timestamp's; where they are equal, the update ends"
        " without an error.",
        demands=1,
        done="trust:accept_timestamp",
        tests="""
            core/test_trust.py::test_an_older_timestamp_is_refused
            core/test_trust.py::test_an_equal_timestamp_is_normal
            core/test_trust.py::test_of_two_timestamps_of_one_version_the_trusted_one_stays
            core/test_workflow.py::test_an_update_that_finds_nothing_new_fetches_root_and_timestamp_only
        """,
        but="Where they are equal, the trusted one is kept, and the update goes on with the files that"
        " are stored: one that was interrupted after its timestamp is completed in this way.",
    ),
    Row(
        mark="§5.4.3.2",
        asks="It lists no older snapshot than the trusted timestamp.",
        demands=1,
        done="trust:accept_timestamp",
        tests="""
            core/test_trust.py::test_a_newer_timestamp_that_lists_an_older_snapshot_is_refused
            core/test_trust.py::test_a_timestamp_of_the_same_version_that_lists_an_older_snapshot_is_refused
            core/test_trust.py::test_what_a_timestamp_lists_is_no_floor_until_that_snapshot_was_seen
            core/test_workflow.py::test_a_timestamp_that_lists_an_older_snapshot_is_not_stored
        """,
        but="Than the snapshot that was trusted. A version that was listed and never seen is no floor,"
        " or a stolen snapshot key could raise it for ever"
        " ([why](../decisions/0003-beyond-the-letter.md)).",
    ),
    Row(
        mark="§5.4.4",
        asks="It has not expired.",
        demands=1,
        done="trust:accept_timestamp",
        tests=_EXPIRED,
    ),
    Row(
        mark="§5.4.5",
        asks="Store it.",
        demands=1,
        done="workflow:_timestamp_updated",
        tests=f"{_STORED} {_KEPT}",
    ),
    Row(
        mark="§5.5.1",
        asks="Fetch the snapshot, under its number where snapshots are consistent, up to the length"
        " that is listed or so many bytes.",
        done="workflow:_snapshot_updated",
        tests=f"{_LIMITS} {_NAMES}",
    ),
    Row(
        mark="§5.5.2",
        asks="It has every hash that the timestamp lists.",
        demands=1,
        done="trust:accept_snapshot",
        tests="""
            core/test_trust.py::test_every_hash_that_is_listed_is_checked
            core/test_trust.py::test_a_snapshot_of_another_length_is_refused
            core/test_trust.py::test_a_file_with_unknown_hashes_only_is_refused_and_one_among_known_ones_is_ignored
        """,
        but=f"SHA-256 and SHA-512 count, and one of them must be there where any hash is. {_LENGTH}",
    ),
    Row(
        mark="§5.5.3",
        asks="A threshold of root's snapshot keys signed it; a key counts once.",
        demands=4,
        done="trust:accept_snapshot",
        tests=_THRESHOLD,
        but=_COUNTED,
    ),
    Row(
        mark="§5.5.4",
        asks="It has the version that the timestamp lists.",
        demands=1,
        done="trust:accept_snapshot",
        tests="core/test_trust.py::test_a_snapshot_of_another_version_than_the_timestamp_names_is_refused",
    ),
    Row(
        mark="§5.5.5",
        asks="Every targets role that the trusted snapshot lists is listed, and in no older version.",
        demands=2,
        done="trust:nothing_rolled_back",
        tests="""
            core/test_trust.py::test_a_snapshot_that_lists_a_role_at_an_older_version_is_refused
            core/test_trust.py::test_a_snapshot_that_no_longer_lists_a_role_is_refused
            core/test_trust.py::test_an_expired_memory_is_a_floor
            core/test_trust.py::test_what_a_snapshot_says_of_other_top_level_roles_does_not_matter
        """,
    ),
    Row(
        mark="§5.5.6",
        asks="It has not expired.",
        demands=1,
        done="trust:accept_snapshot",
        tests=_EXPIRED,
    ),
    Row(
        mark="§5.5.7",
        asks="Store it.",
        demands=1,
        done="workflow:_snapshot_updated",
        tests=f"{_STORED} {_KEPT}",
    ),
    Row(
        mark="§5.6.1",
        asks="Fetch the targets role, under its number where snapshots are consistent, up to the length"
        " that is listed or so many bytes.",
        done="workflow:targets_role",
        tests=f"""
            {_LIMITS}
            {_NAMES}
            core/test_workflow.py::test_each_delegated_role_is_fetched_under_the_limit_for_targets
        """,
    ),
    Row(
        mark="§5.6.2",
        asks="It has every hash that the snapshot lists.",
        demands=1,
        done="trust:accept_delegated",
        tests="""
            core/test_trust.py::test_every_hash_that_is_listed_is_checked
            core/test_trust.py::test_a_targets_role_of_another_hash_is_refused
            core/test_trust.py::test_a_targets_role_of_another_length_is_refused
        """,
        but=_LENGTH,
    ),
    Row(
        mark="§5.6.3",
        asks="A threshold of the keys of whoever delegates to it signed it; a key counts once.",
        demands=4,
        done="trust:accept_delegated",
        tests=f"""
            {_THRESHOLD}
            core/test_trust.py::test_a_delegated_role_is_trusted_on_its_delegators_word_only
            core/test_trust.py::test_targets_sign_for_delegated_roles_and_root_does_not
            core/test_workflow.py::test_a_diamond_is_trusted_by_the_word_of_each_delegator
        """,
        but=_COUNTED,
    ),
    Row(
        mark="§5.6.4",
        asks="It has the version that the snapshot lists.",
        demands=1,
        done="trust:accept_delegated",
        tests="core/test_trust.py::test_a_targets_role_of_another_version_than_the_snapshot_lists_is_refused",
    ),
    Row(
        mark="§5.6.5",
        asks="It has not expired.",
        demands=1,
        done="trust:accept_delegated",
        tests=_EXPIRED,
    ),
    Row(
        mark="§5.6.6",
        asks="Store it.",
        demands=1,
        done="workflow:targets_role",
        tests=f"""
            {_STORED}
            {_KEPT}
            core/test_workflow.py::test_a_delegated_role_is_stored_and_not_fetched_again
        """,
    ),
    Row(
        mark="§5.6.7",
        asks="Search the delegations, each with all below it before the next. A role that cannot be"
        " fetched or verified ends the search.",
        done="workflow:find",
        tests="""
            core/test_workflow.py::test_the_search_is_pre_order_and_most_trusted_first
            core/test_workflow.py::test_a_role_on_the_way_that_cannot_be_trusted_ends_the_search
            core/test_workflow.py::test_a_role_reached_by_the_wrong_word_first_is_an_error_and_no_silence
        """,
        but="The error says what was wrong with that role, and not that the target was not found: its"
        " word is unknown, and might have been the last.",
    ),
    Row(
        mark="§5.6.7.1",
        asks="No role is visited twice; after so many roles the search ends.",
        done="workflow:at_hand",
        tests="""
            core/test_workflow.py::test_delegations_in_a_circle_come_to_an_end
            core/test_workflow.py::test_as_many_roles_as_allowed_are_visited
        """,
        but="With `LimitError`: a search that was given up is no answer.",
    ),
    Row(
        mark="§5.6.7.2",
        asks="The delegations are searched in order of appearance.",
        done="workflow:at_hand",
        tests="core/test_workflow.py::test_the_search_is_pre_order_and_most_trusted_first",
    ),
    Row(
        mark="§5.6.7.2.1",
        asks="After a terminating delegation nobody else is asked.",
        done="workflow:at_hand",
        tests="""
            core/test_workflow.py::test_a_terminating_delegation_ends_the_search
            core/test_workflow.py::test_a_terminating_delegation_further_down_ends_all_of_the_search
            core/test_workflow.py::test_a_terminating_delegation_for_other_paths_ends_nothing
        """,
    ),
    Row(
        mark="§5.6.7.2.2",
        asks="After another one the next is asked, until somebody lists the target.",
        done="workflow:at_hand",
        tests="""
            core/test_workflow.py::test_those_before_and_below_a_terminating_delegation_are_asked
            core/test_workflow.py::test_the_search_is_pre_order_and_most_trusted_first
        """,
    ),
    Row(
        mark="§5.7.1",
        asks="Look the target up in the role that lists it.",
        done="workflow:find",
        tests="core/test_workflow.py::test_a_target_of_the_top_level_role_is_found_without_asking_anybody",
    ),
    Row(
        mark="§5.7.2",
        asks="Where nobody lists it, say so.",
        done="workflow:find",
        tests="core/test_workflow.py::test_what_nobody_lists_is_not_found",
    ),
    Row(
        mark="§5.7.3",
        asks="Fetch it, under a name with its hash where snapshots are consistent, up to its length,"
        " check its hashes, and store it.",
        demands=1,
        done="workflow:_files downloads:take downloads:complete",
        tests="""
            core/test_workflow.py::test_an_answer_says_what_the_repository_calls_the_file
            downloads/test_downloads_expected.py::test_a_byte_too_many_is_refused_at_once_and_not_counted
            downloads/test_downloads_expected.py::test_each_of_several_hashes_is_checked
            downloads/test_downloads_whole.py::test_wrong_bytes_are_refused_and_leave_no_trace
            client/test_client_download.py::test_what_was_found_is_downloaded
        """,
        but="An image is fetched by its digest, by whatever pulls images.",
    ),
)

PUBLISHER = (
    Row(
        mark="§6.1",
        asks="A new root is signed by a threshold of the old root's keys and of its own.",
        demands=1,
        done="publish:root",
        tests="""
            publish/test_publish_plan.py::test_a_new_root_needs_the_old_keys_and_the_new
            publish/test_publish_plan.py::test_raising_roots_threshold_needs_the_new_number_of_keys
        """,
    ),
    Row(
        mark="§6.2.1",
        asks="The name of a metadata file begins with its version.",
        demands=2,
        done="_paths:published",
        tests="""
            core/test_paths.py::test_names_are_published_as_others_ask_for_them
            publish/test_publish_layout.py::test_every_file_but_the_timestamp_has_its_version_in_its_name
        """,
    ),
    Row(
        mark="§6.2.1",
        asks="A target's file is written under a name for each of its hashes.",
        demands=2,
        done="_paths:published_target",
        tests="""
            core/test_paths.py::test_a_target_is_published_under_its_name_and_hash
            core/test_workflow.py::test_an_answer_says_what_the_repository_calls_the_file
        """,
        but="Whoever has the file writes it; for images, that is the registry. The names are worked"
        " out here.",
    ),
    Row(
        mark="§6.2.1",
        asks="The timestamp's name has no version.",
        demands=1,
        done="publish:_path",
        tests="publish/test_publish_layout.py::test_every_file_but_the_timestamp_has_its_version_in_its_name",
    ),
    Row(
        mark="§6.2.1",
        asks="Metadata lists files by their plain names.",
        demands=2,
        done="wire:signed_value",
        tests="publish/test_publish_layout.py::test_a_snapshot_lists_every_targets_role_by_its_plain_name",
    ),
    Row(
        mark="§6.2.1",
        asks="Root says that snapshots are consistent where they are.",
        demands=1,
        done="publish:between",
        tests="""
            publish/test_publish_layout.py::test_a_root_says_that_snapshots_are_consistent
            publish/test_publish_plan.py::test_repositories_without_consistent_snapshots_are_read_and_not_written
        """,
        but="Others are not published.",
    ),
    Row(
        mark="§6.2.1",
        asks="Every root that was published stays.",
        demands=1,
        done="publish:apply",
        tests="publish/test_publish_layout.py::test_every_root_stays_where_it_was_published",
    ),
    Row(
        mark="§6.3.1",
        asks="A targets role that was edited gets the next version, is signed by its threshold, and is"
        " written under its number.",
        done="publish:role",
        tests="""
            publish/test_publish_plan.py::test_a_tag_changes_targets_and_what_lists_it
            publish/test_publish_plan.py::test_one_signature_of_two_does_not_publish
        """,
    ),
    Row(
        mark="§6.3.2",
        asks="The snapshot lists that version and gets the next one itself.",
        done="publish:snapshot",
        tests="""
            publish/test_publish_plan.py::test_a_tag_changes_targets_and_what_lists_it
            publish/test_publish_publication.py::test_what_is_named_is_written_before_what_names_it
        """,
        but="It lists no length and no hash of roles that we sign"
        " ([why](../decisions/0001-public-signatures.md)).",
    ),
    Row(
        mark="§6.3.3",
        asks="The timestamp lists that snapshot and gets the next version itself.",
        done="publish:timestamp",
        tests="""
            publish/test_publish_plan.py::test_a_tag_changes_targets_and_what_lists_it
            publish/test_publish_publication.py::test_what_is_named_is_written_before_what_names_it
        """,
    ),
)

ROWS = (*BEFORE_5, *CLIENT, *PUBLISHER)
