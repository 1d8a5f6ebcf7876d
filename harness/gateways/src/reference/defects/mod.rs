//! What the reference gateway can be told to do wrong, so that checks can be proven on it: one file for each defect,
//! with its source, what it bends, and the scenario and the expectation that catch it.

mod alters_bodies;
mod breaker_at_a_fifth;
mod breaker_early_by_one;
mod breaker_ignores_min;
mod breaker_late_by_one;
mod breaker_never_forgets;
mod breaker_never_recovers;
mod breaker_never_trips;
mod breaker_trips_late;
mod breaker_works_once;
mod cancels_late;
mod closes_connections;
mod continues_cut_bodies;
mod counts_404;
mod counts_aborts;
mod doubles_timeout;
mod drops_retry_after;
mod ejects_the_innocent;
mod empty_retried_body;
mod endless_ramp;
mod entry;
mod finishes_downloads;
mod fixed_backoff;
mod forgets_connections;
mod freezes_now_and_then;
mod freezes_on_failure;
mod global_breaker;
mod half_back;
mod half_open_time;
mod half_retried_body;
mod halved_backoff;
mod ignores_429;
mod ignores_resets;
mod ignores_retry_after;
mod ignores_timeout;
mod ignores_timeouts;
mod ignores_weights;
mod keeps_the_spare;
mod layered_retries;
mod leaves_attempts_open;
mod lets_go_late;
mod makes_up_answers;
mod no_backoff;
mod no_jitter;
mod no_retry;
mod one_queue_for_all;
mod one_retry_too_few;
mod one_retry_too_many;
mod open_half_as_long_again;
mod open_time_grows;
mod outlives_clients;
mod probe_flood;
mod retries_in_waves;
mod retries_no_reset;
mod retries_post;
mod retries_successes;
mod retries_undeclared;
mod retry_after_seconds_only;
mod same_host_retry;
mod second_instance;
mod shed_as_200;
mod shed_as_500;
mod slow_shed;
mod soft_total;
mod spills_early;
mod starved_retried_body;
mod stays_slow;
mod swaps_answers;
mod timeout_a_fifth_early;
mod timeout_a_quarter_late;
mod total_for_each_try;
mod tries_for_nobody;
mod truncated_as_complete;
mod undeclared_total;
mod waits_in_vain;
mod waits_without_bound;
mod wedged_half_open;

pub use entry::Defect;
pub(crate) use entry::Entry;

/// Every defect, in the order of the policy's keys.
const REGISTRY: &[Entry] = &[
    ignores_timeout::DEFECT,
    doubles_timeout::DEFECT,
    timeout_a_fifth_early::DEFECT,
    timeout_a_quarter_late::DEFECT,
    undeclared_total::DEFECT,
    total_for_each_try::DEFECT,
    soft_total::DEFECT,
    retries_post::DEFECT,
    one_retry_too_many::DEFECT,
    one_retry_too_few::DEFECT,
    no_retry::DEFECT,
    retries_undeclared::DEFECT,
    retries_no_reset::DEFECT,
    retries_successes::DEFECT,
    layered_retries::DEFECT,
    retries_in_waves::DEFECT,
    same_host_retry::DEFECT,
    empty_retried_body::DEFECT,
    half_retried_body::DEFECT,
    starved_retried_body::DEFECT,
    no_backoff::DEFECT,
    fixed_backoff::DEFECT,
    halved_backoff::DEFECT,
    no_jitter::DEFECT,
    ignores_retry_after::DEFECT,
    retry_after_seconds_only::DEFECT,
    waits_without_bound::DEFECT,
    waits_in_vain::DEFECT,
    drops_retry_after::DEFECT,
    breaker_never_trips::DEFECT,
    breaker_trips_late::DEFECT,
    breaker_late_by_one::DEFECT,
    breaker_early_by_one::DEFECT,
    breaker_at_a_fifth::DEFECT,
    breaker_ignores_min::DEFECT,
    breaker_never_forgets::DEFECT,
    breaker_works_once::DEFECT,
    ignores_429::DEFECT,
    ignores_resets::DEFECT,
    ignores_timeouts::DEFECT,
    counts_404::DEFECT,
    counts_aborts::DEFECT,
    outlives_clients::DEFECT,
    cancels_late::DEFECT,
    tries_for_nobody::DEFECT,
    leaves_attempts_open::DEFECT,
    finishes_downloads::DEFECT,
    breaker_never_recovers::DEFECT,
    half_open_time::DEFECT,
    open_half_as_long_again::DEFECT,
    open_time_grows::DEFECT,
    probe_flood::DEFECT,
    wedged_half_open::DEFECT,
    half_back::DEFECT,
    endless_ramp::DEFECT,
    global_breaker::DEFECT,
    ejects_the_innocent::DEFECT,
    second_instance::DEFECT,
    one_queue_for_all::DEFECT,
    slow_shed::DEFECT,
    shed_as_200::DEFECT,
    shed_as_500::DEFECT,
    makes_up_answers::DEFECT,
    stays_slow::DEFECT,
    freezes_now_and_then::DEFECT,
    freezes_on_failure::DEFECT,
    truncated_as_complete::DEFECT,
    continues_cut_bodies::DEFECT,
    alters_bodies::DEFECT,
    swaps_answers::DEFECT,
    closes_connections::DEFECT,
    forgets_connections::DEFECT,
    ignores_weights::DEFECT,
    keeps_the_spare::DEFECT,
    spills_early::DEFECT,
    lets_go_late::DEFECT,
];
