// klamm/postgres.h - events and a PostgreSQL database, with nothing lost or doubled between them.
//
// Outbox: what a transaction of the database inserts into a table becomes events, each exactly once
// in the log, those of an aggregate in the order of their insertion.
//
//     BEGIN; UPDATE orders …; INSERT INTO outbox …; COMMIT        your code, in any language
//                                   │ NOTIFY
//     klamm::outbox ── one transaction of the log for each batch ──▶ outbox.event.order
//
// Inbox: a handler whose effect is in the database has it once, however often the event comes. What
// it sends goes into the outbox, in the same transaction of the database.
//
//     app.with(klamm::outbox({.connection = "dbname=shop"}));
//     klamm::Postgres database{"dbname=shop"};
//     app.on<OrderPlaced>("orders", klamm::inbox<OrderPlaced>(database,
//         [](OrderPlaced const& order, klamm::Sql& sql, klamm::Context& context) {
//             sql.run("INSERT INTO invoices VALUES ($1, $2)", {order.order, "open"});
//             return klamm::done();
//         }));
#pragma once

#include "klamm/app.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace klamm {

/// The table is laid out as Debezium's outbox event router expects it, so that either can be used:
/// id uuid, aggregatetype, aggregateid, type, payload; optional: timestamp, tracingspancontext.
/// https://debezium.io/documentation/reference/stable/transformations/outbox-event-router.html
struct OutboxOptions {
    std::string connection;  ///< libpq's: "host=… dbname=…" or "postgresql://…"
    std::string table = "outbox";
    std::string topic_prefix = "outbox.event.";  ///< before the aggregatetype
    /// Names the relay: one at a time works under a name, a second one takes over from the first.
    std::string name = "outbox";
    std::int32_t partitions = 4;        ///< of topics that are missing
    std::int32_t batch = 500;           ///< rows of one transaction
    milliseconds poll_interval{5'000};  ///< beside NOTIFY, should one be missed
};

/// The statements that make the table, or add to one of Debezium's layout what the relay needs: a
/// column `klamm_number` for the order, and a trigger that notifies. They may be run again.
std::string outbox_schema(OutboxOptions const& options);
/// The same for `inbox`.
std::string inbox_schema();

/// Relays while the App runs. Rows are deleted once their events are committed.
std::shared_ptr<Companion> outbox(OutboxOptions options);

/// What PostgreSQL refused, with its words and its code.
struct SqlError : std::runtime_error {
    SqlError(std::string const& what, std::string sqlstate)
        : std::runtime_error(what), code(std::move(sqlstate)) {}
    std::string code;  ///< SQLSTATE, "23505"; empty: the connection was lost
};

using SqlValue = std::optional<std::string>;  ///< as text; none: NULL
using SqlRow = std::vector<SqlValue>;

/// One transaction, as long as a handler runs. Thread: the handler's.
class Sql {
public:
    virtual ~Sql() = default;
    /// One statement with parameters $1, $2, …; gives its rows. Throws SqlError.
    virtual std::vector<SqlRow> run(std::string_view statement,
                                    std::vector<SqlValue> const& parameters = {}) = 0;
};

/// Connections, opened when they are needed, at most as many as handlers run at once.
class Postgres {
public:
    explicit Postgres(std::string connection, std::string outbox_table = "outbox");
    ~Postgres();
    Postgres(Postgres const&) = delete;
    Postgres& operator=(Postgres const&) = delete;

    /// Runs `work` in a transaction that commits if it says done; else, or when it throws, nothing
    /// of it is kept. Not at all if the event has been through here before: then it is done.
    /// A connection that is lost is a retry.
    Outcome once(Context& context, std::string_view handler,
                 std::function<Outcome(Sql&, Context&)> const& work);

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

/// A handler whose effect is in the database: `(E const&, Sql&, Context&) -> Outcome`. `database`
/// lives longer than the App. Its Context has no state; what it sends has no partition of its own
/// and no delay, and goes to outbox.event.TOPIC unless the relay's topic_prefix is empty.
template <Event E, class F>
auto inbox(Postgres& database, F work) {
    return [&database, work](E const& event, Context& context) -> Outcome {
        return database.once(context, event_type<E>().name,
                             [&](Sql& sql, Context& inside) { return work(event, sql, inside); });
    };
}

}  // namespace klamm
