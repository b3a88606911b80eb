"""The families of the pipeline: feeds, stores, journal, the exporter itself and its check of itself."""

from exporter.metrics.family import Family

_EXCHANGE = ("exchange",)
_REASON = ("exchange", "reason")
_STORE = ("store",)
_SOURCE = ("source",)

FEED_STATE = (
    Family(
        "liquidation_exchange_configured",
        "gauge",
        "1 for an exchange that is enabled in the configuration, 0 for a supported one that is not.",
        _EXCHANGE,
    ),
    Family(
        "liquidation_exchange_up",
        "gauge",
        "1 while every feed of the exchange is live, 0 otherwise: then its silence means unknown and not calm.",
        _EXCHANGE,
    ),
    Family(
        "liquidation_exchange_state",
        "gauge",
        "1 for the current state of the exchange, which is that of its worst connection, 0 for the others.",
        ("exchange", "state"),
    ),
    Family(
        "liquidation_exchange_info",
        "info",
        "How complete the public feed is by the exchange's own description, and which price an event carries.",
        ("exchange", "completeness", "price_kind"),
    ),
    Family(
        "liquidation_exchange_last_message_timestamp_seconds",
        "gauge",
        "Unix time at which the newest message arrived; absent until there was one.",
        _EXCHANGE,
        "seconds",
    ),
    Family(
        "liquidation_exchange_last_control_timestamp_seconds",
        "gauge",
        "Unix time at which the newest message of the control stream arrived, which proves that the socket delivers; "
        "absent until there was one.",
        _EXCHANGE,
        "seconds",
    ),
    Family(
        "liquidation_exchange_last_event_timestamp_seconds",
        "gauge",
        "Unix time, by the exchange's clock, of the newest liquidation received since the exporter started; "
        "absent until there was one.",
        _EXCHANGE,
        "seconds",
    ),
    Family(
        "liquidation_exchange_clock_offset_seconds",
        "gauge",
        "Local clock at arrival minus the exchange's clock in its control messages, smoothed; includes the way of the "
        "message; absent until there was one.",
        _EXCHANGE,
        "seconds",
    ),
    Family(
        "liquidation_pending_events",
        "gauge",
        "Liquidations that wait for the facts of their instrument before they can be counted.",
        _EXCHANGE,
    ),
)

FEED_COUNTERS = (
    Family("liquidation_exchange_frames_total", "counter", "Messages received from the exchange's sockets.", _EXCHANGE),
    Family(
        "liquidation_exchange_parse_errors_total",
        "counter",
        "Messages that are not what the exchange documents.",
        _EXCHANGE,
    ),
    Family(
        "liquidation_exchange_unknown_frames_total",
        "counter",
        "Well-formed messages of a kind that the exchange does not document.",
        _EXCHANGE,
    ),
    Family(
        "liquidation_exchange_duplicates_total",
        "counter",
        "Liquidations delivered again (overlapping sockets, reconnects, back-fill) and not counted twice.",
        _EXCHANGE,
    ),
    Family(
        "liquidation_exchange_late_events_total",
        "counter",
        "Liquidations received more than 60 seconds after they happened; they count everywhere.",
        _EXCHANGE,
    ),
    Family(
        "liquidation_exchange_backfilled_events_total",
        "counter",
        "Liquidations that a socket missed and back-fill brought.",
        _EXCHANGE,
    ),
    Family(
        "liquidation_exchange_gap_seconds_total",
        "counter",
        "Time since the first start during which not all feeds of the exchange were live, in seconds.",
        _EXCHANGE,
        "seconds",
    ),
    Family(
        "liquidation_exchange_filled_gap_seconds_total",
        "counter",
        "Seconds of the gaps whose liquidations were asked for afterwards; the rest of the gaps stays unknown.",
        _EXCHANGE,
        "seconds",
    ),
    Family(
        "liquidation_exchange_backfill_pending_requests",
        "gauge",
        "Calls that the running back-fill still has to make.",
        _EXCHANGE,
    ),
    Family(
        "liquidation_exchange_quarantined_total",
        "counter",
        "Messages, rows and liquidations that could not be used, by reason; samples are kept in the journal.",
        _REASON,
    ),
    Family(
        "liquidation_exchange_excluded_total",
        "counter",
        "Rows left out of all totals by what they are: other asset classes than those configured, and closures that "
        "are no liquidations.",
        ("exchange", "kind"),
    ),
    Family("liquidation_exchange_reconnects_total", "counter", "Sockets that had to be replaced, by reason.", _REASON),
    Family(
        "liquidation_exchange_event_delay_seconds",
        "histogram",
        "From a liquidation's time at the exchange to its arrival, in seconds; back-filled ones are left out.",
        _EXCHANGE,
        "seconds",
    ),
)

STORES = (
    Family(
        "liquidation_store_up",
        "gauge",
        "1 while the store answers, 0 while it does not or refuses; configured stores only.",
        _STORE,
    ),
    Family(
        "liquidation_store_leader",
        "gauge",
        "1 while this exporter writes to the store, 0 while another one does or the store is not up.",
        _STORE,
    ),
    Family(
        "liquidation_store_lag_events",
        "gauge",
        "How many journal entries the store does not have yet; the journal keeps them.",
        _STORE,
    ),
    Family(
        "liquidation_store_failures_total",
        "counter",
        "Attempts to connect to the store or to write to it that failed; what was to be written is tried again.",
        _STORE,
    ),
    Family(
        "liquidation_store_write_seconds",
        "histogram",
        "How long the store took for a batch, in seconds.",
        _STORE,
        "seconds",
    ),
    Family(
        "liquidation_store_last_success_timestamp_seconds",
        "gauge",
        "Unix time at which the store last took a batch or renewed the lease; absent until it did.",
        _STORE,
        "seconds",
    ),
)

EXPORTER = (
    Family(
        "liquidation_processing_seconds",
        "histogram",
        "CPU path of one liquidation, in seconds: parsing, resolving and counting, without waiting for the disk.",
        (),
        "seconds",
    ),
    Family(
        "liquidation_commit_seconds",
        "histogram",
        "From a liquidation's arrival to its durable commit in the journal, in seconds.",
        (),
        "seconds",
    ),
    Family("liquidation_journal_up", "gauge", "1 while the journal can be written, 0 while it fails."),
    Family("liquidation_journal_full", "gauge", "1 while the journal cannot be written because the disk has no room."),
    Family("liquidation_journal_size_bytes", "gauge", "Size of the journal's files in bytes.", (), "bytes"),
    Family("liquidation_journal_free_bytes", "gauge", "Room on the journal's disk in bytes.", (), "bytes"),
    Family("liquidation_journal_queue_events", "gauge", "Journal entries in memory that wait for their commit."),
    Family(
        "liquidation_journal_dropped_events_total",
        "counter",
        "Journal entries lost because the journal failed and its queue was full.",
    ),
    Family(
        "liquidation_base_cap_reached",
        "gauge",
        "1 when coins beyond metrics.base_cap are counted under base other, 0 otherwise.",
    ),
    Family(
        "liquidation_config_last_reload_successful",
        "gauge",
        "1 when the configuration in force is the newest that was asked for, 0 after a reload that failed.",
    ),
    Family("liquidation_exporter_build_info", "info", "The version of the exporter.", ("version",)),
)

CHECK = (
    Family(
        "liquidation_check_verdict",
        "gauge",
        "1 for what the last comparison with the journal made of a source, 0 for the other verdicts; only differs is a "
        "difference; sources that are off are absent.",
        ("source", "verdict"),
    ),
    Family(
        "liquidation_check_differences",
        "gauge",
        "How many figures of a source were not the journal's at the last comparison; absent when it could not be "
        "compared.",
        _SOURCE,
    ),
    Family(
        "liquidation_check_last_run_timestamp_seconds",
        "gauge",
        "Unix time at which the last comparison ended; absent before the first.",
        (),
        "seconds",
    ),
    Family(
        "liquidation_check_duration_seconds",
        "gauge",
        "How long the last comparison took, in seconds; absent before the first.",
        (),
        "seconds",
    ),
    Family(
        "liquidation_check_failures_total",
        "counter",
        "Comparisons that could not be made; what was found before them stays as it was.",
    ),
    Family(
        "liquidation_check_interval_seconds",
        "gauge",
        "Time from one comparison to the next in seconds, 0 when there are none.",
        (),
        "seconds",
    ),
)

ALERTS = (
    Family(
        "liquidation_alert_minimum_usd",
        "gauge",
        "USD that an episode of the coin must have before it is told, as configured, +Inf for one that never is; "
        "absent for the others.",
        ("base",),
        "usd",
    ),
    Family(
        "liquidation_alert_posts_total",
        "counter",
        "Posts of cascades to Alertmanager by the exporter itself that were tried.",
    ),
    Family(
        "liquidation_alert_post_failures_total",
        "counter",
        "Posts of cascades to Alertmanager that failed; they are tried again.",
    ),
)
