// postgres/inbox.cc - effects of handlers in a database, once each.
//
// The event's id and what the handler did are in one transaction of the database. An event that
// comes again, because the log's transaction did not commit, or because it was sent twice, finds
// its id and is over. So what the handler sends must be in the database's transaction, too: in the
// outbox.
#include "klamm/handler/codecs.h"
#include "klamm/json/value.h"
#include "klamm/postgres/connection.h"

#include <fmt/format.h>

#include <mutex>
#include <utility>

namespace klamm {
namespace {

using postgres::Connection;

/// Rows further back than so many events of their partition are deleted, now and then.
constexpr std::int64_t remembered_offsets = 1'000'000;
constexpr std::int64_t forget_every = 10'000;

class Transaction final : public Sql {
public:
    explicit Transaction(Connection& connection) : connection_(connection) {}

    std::vector<SqlRow> run(std::string_view statement,
                            std::vector<SqlValue> const& parameters) override {
        auto rows = connection_.run(statement, parameters);
        if (!rows) throw SqlError{rows.error().why, rows.error().code};
        return std::move(*rows);
    }

private:
    Connection& connection_;
};

/// What the handler sends becomes rows of the outbox.
class ContextOfInbox final : public Context {
public:
    ContextOfInbox(Context& outer, Sql& sql, std::string const& table)
        : outer_(outer), sql_(sql), table_(table) {}

    Message const& message() const override { return outer_.message(); }
    std::int32_t attempt() const override { return outer_.attempt(); }
    bool replaying() const override { return outer_.replaying(); }
    bool redriven() const override { return outer_.redriven(); }
    Time now() const override { return outer_.now(); }
    std::uint64_t random() override { return outer_.random(); }

private:
    void send_event(std::string_view topic, EventType const& type, void const* event,
                    SendOptions options) override {
        auto const& cause = message().event;
        json::Value headers(json::Object{});
        for (auto const& header : options.headers)
            if (header.value) headers.set(header.name, *header.value);
        headers.set("ce_correlationid",
                    cause.correlation_id.empty() ? cause.id : cause.correlation_id);
        headers.set("ce_causationid", cause.id);
        if (!cause.traceparent.empty()) headers.set("traceparent", cause.traceparent);
        if (!options.subject.empty()) headers.set("ce_subject", options.subject);
        auto const key = options.key ? *options.key : std::string(message().key.value_or(""));
        sql_.run(fmt::format("INSERT INTO {} (id, aggregatetype, aggregateid, type, payload, "
                             "klamm_headers) VALUES (gen_random_uuid(), $1, $2, $3, $4, $5)",
                             postgres::quoted(table_)),
                 {std::string(topic), key, type.name, handler::to_json(type, event),
                  json::print(headers)});
    }
    void reply_event(EventType const&, void const*) override {
        throw SqlError{"a handler with an inbox cannot reply: an answer cannot wait for a relay",
                       "0A000"};
    }
    std::shared_ptr<void const> read_state(EventType const&) override {
        throw SqlError{"a handler with an inbox keeps its state in the database", "0A000"};
    }
    void write_state(EventType const& type, void const*) override { read_state(type); }

    Context& outer_;
    Sql& sql_;
    std::string const& table_;
};

Outcome lost(postgres::SqlFailure const& failure) { return retry(failure.why, "SqlError"); }

}  // namespace

struct Postgres::Parts {
    std::string connection;
    std::string outbox_table;
    std::mutex mutex;
    std::vector<std::unique_ptr<Connection>> idle;

    std::unique_ptr<Connection> take() {
        std::lock_guard const lock{mutex};
        if (idle.empty()) return std::make_unique<Connection>(connection);
        auto last = std::move(idle.back());
        idle.pop_back();
        return last;
    }
    void give_back(std::unique_ptr<Connection> used) {
        if (!used->open()) return;
        std::lock_guard const lock{mutex};
        idle.push_back(std::move(used));
    }
};

Postgres::Postgres(std::string connection, std::string outbox_table)
    : parts_(std::make_unique<Parts>()) {
    parts_->connection = std::move(connection);
    parts_->outbox_table = std::move(outbox_table);
}
Postgres::~Postgres() = default;

namespace {

/// True: the event is new here, and its id is in the transaction now.
postgres::SqlResult<bool> enter(Connection& connection, Message const& message,
                                std::string_view handler) {
    auto const& position = message.position;
    auto const entered = connection.run(
        "INSERT INTO klamm_inbox (handler, source, id, topic, partition, log_offset) VALUES ($1, "
        "$2, $3, $4, $5::int, $6::bigint) ON CONFLICT DO NOTHING RETURNING 1",
        {std::string(handler), message.event.source, message.event.id, position.topic,
         std::to_string(position.partition), std::to_string(position.offset)});
    if (!entered) return std::unexpected(entered.error());
    if (position.offset % forget_every == forget_every - 1) {
        auto const forgotten = connection.run(
            "DELETE FROM klamm_inbox WHERE handler = $1 AND topic = $2 AND partition = $3::int AND "
            "log_offset < $4::bigint",
            {std::string(handler), position.topic, std::to_string(position.partition),
             std::to_string(position.offset - remembered_offsets)});
        if (!forgotten) return std::unexpected(forgotten.error());
    }
    return !entered->empty();
}

/// Ends the transaction as a crash would, when it is left in any other way.
class Rollback {
public:
    explicit Rollback(Connection& connection) : connection_(connection) {}
    ~Rollback() {
        if (!done_ && connection_.open() && !connection_.run("ROLLBACK")) connection_.close();
    }
    void done() { done_ = true; }

private:
    Connection& connection_;
    bool done_ = false;
};

Outcome run_once(Connection& connection, Context& context, std::string_view handler,
                 std::string const& outbox_table,
                 std::function<Outcome(Sql&, Context&)> const& work) {
    if (auto begun = connection.run("BEGIN"); !begun) return lost(begun.error());
    Rollback rollback{connection};
    auto const fresh = enter(connection, context.message(), handler);
    if (!fresh) return lost(fresh.error());
    if (!*fresh) return done();
    Transaction sql{connection};
    ContextOfInbox inside{context, sql, outbox_table};
    auto outcome = work(sql, inside);
    if (outcome.kind != Outcome::Kind::done) return outcome;
    rollback.done();
    // Whether a commit whose answer is lost was done, the next try learns from the inbox.
    if (auto committed = connection.run("COMMIT"); !committed) return lost(committed.error());
    return outcome;
}

}  // namespace

Outcome Postgres::once(Context& context, std::string_view handler,
                       std::function<Outcome(Sql&, Context&)> const& work) {
    auto connection = parts_->take();
    auto outcome = run_once(*connection, context, handler, parts_->outbox_table, work);
    parts_->give_back(std::move(connection));
    return outcome;
}

std::string inbox_schema() {
    return R"(CREATE TABLE IF NOT EXISTS klamm_inbox (
    handler text NOT NULL,
    source text NOT NULL,
    id text NOT NULL,
    topic text NOT NULL,
    partition int NOT NULL,
    log_offset bigint NOT NULL,
    PRIMARY KEY (handler, source, id)
);
CREATE INDEX IF NOT EXISTS klamm_inbox_position
    ON klamm_inbox (handler, topic, partition, log_offset);
)";
}

}  // namespace klamm
