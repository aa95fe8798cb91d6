#include "klamm/postgres/table.h"

#include "klamm/base/ensure.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <utility>

namespace klamm::postgres {
namespace {

constexpr std::string_view undefined_table = "42P01";

std::string channel(OutboxOptions const& options) { return "klamm_" + options.table; }

int hex(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    return digit - 'a' + 10;
}

/// "\x6b6c" → "kl": how bytea is written as text.
std::string unescaped(std::string_view text) {
    std::string out;
    for (std::size_t i = 2; i + 1 < text.size(); i += 2)
        out += char(hex(text[i]) * 16 + hex(text[i + 1]));
    return out;
}

/// {"a","b"}: UUIDs need no escapes, other ids might.
std::string array_of(std::vector<std::string> const& ids) {
    std::string out = "{";
    for (auto const& id : ids) {
        if (out.size() > 1) out += ',';
        out += '"';
        for (auto const each : id) {
            if (each == '"' || each == '\\') out += '\\';
            out += each;
        }
        out += '"';
    }
    return out + '}';
}

}  // namespace

PostgresTable::PostgresTable(bus::Loop& loop, OutboxOptions const& options)
    : loop_(loop), options_(options), connection_(options.connection) {
    std::array<int, 2> ends{};
    ensure(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0);
    wake_read_ = ends[0];
    wake_write_ = ends[1];
    thread_ = std::thread([this] { this->loop(); });
}

PostgresTable::~PostgresTable() {
    {
        std::lock_guard const lock{mutex_};
        stopping_ = true;
    }
    condition_.notify_one();
    [[maybe_unused]] auto const written = ::write(wake_write_, "", 1);
    thread_.join();
    ::close(wake_read_);
    ::close(wake_write_);
}

void PostgresTable::submit(Job job) {
    {
        std::lock_guard const lock{mutex_};
        jobs_.push_back(std::move(job));
    }
    condition_.notify_one();
}

void PostgresTable::loop() {
    for (;;) {
        std::unique_lock lock{mutex_};
        condition_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
        if (stopping_) return;
        auto job = std::move(jobs_.front());
        jobs_.pop_front();
        lock.unlock();
        job();
    }
}

SqlResult<void> PostgresTable::look_at_columns() {
    auto const columns = connection_.run(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = $1 "
        "AND table_schema = ANY (current_schemas(false))",
        {options_.table});
    if (!columns) return std::unexpected(columns.error());
    bool has_number = false;
    has_timestamp_ = has_tracing_ = has_headers_ = false;
    for (auto const& column : *columns) {
        auto const& name = column.at(0).value_or("");
        has_number |= name == "klamm_number";
        has_timestamp_ |= name == "timestamp";
        has_tracing_ |= name == "tracingspancontext";
        has_headers_ |= name == "klamm_headers";
        if (name == "id") id_type_ = column.at(1).value_or("uuid");
        if (name == "payload") binary_payload_ = column.at(1) == "bytea";
    }
    if (columns->empty() || !has_number)
        return std::unexpected(SqlFailure{
            fmt::format("table {} {}; run the statements of klamm::outbox_schema()", options_.table,
                        columns->empty() ? "does not exist" : "has no column klamm_number"),
            std::string(undefined_table)});
    select_ = fmt::format(
        "SELECT id::text, aggregatetype, aggregateid, type, payload::text, {}, {}, {} FROM {} "
        "ORDER "
        "BY klamm_number LIMIT $1",
        has_timestamp_ ? "(extract(epoch FROM \"timestamp\") * 1000)::bigint::text" : "NULL",
        has_tracing_ ? "tracingspancontext" : "NULL", has_headers_ ? "klamm_headers::text" : "NULL",
        quoted(options_.table));
    return {};
}

SqlResult<void> PostgresTable::prepare() {
    if (prepared_ && connection_.open()) return {};
    prepared_ = false;
    auto const locked = connection_.run("SELECT pg_try_advisory_lock(hashtext($1))",
                                        {"klamm outbox " + options_.name});
    if (!locked) return std::unexpected(locked.error());
    if (locked->at(0).at(0) != "t")
        return std::unexpected(
            SqlFailure{"another relay of this name is at work, and this one stands by", "55P03"});
    if (auto looked = look_at_columns(); !looked) {
        connection_.close();  // and with it the lock
        return looked;
    }
    auto const listens = connection_.run("LISTEN " + quoted(channel(options_)));
    if (!listens) return std::unexpected(listens.error());
    prepared_ = true;
    return {};
}

Row PostgresTable::row_of(SqlRow& values) const {
    Row row;
    row.id = std::move(values.at(0)).value_or("");
    row.aggregate_type = std::move(values.at(1)).value_or("");
    row.aggregate_id = std::move(values.at(2)).value_or("");
    row.type = std::move(values.at(3)).value_or("");
    row.payload = std::move(values.at(4));
    if (binary_payload_ && row.payload) row.payload = unescaped(*row.payload);
    if (auto const& text = values.at(5)) {
        std::int64_t time = 0;
        std::from_chars(text->data(), text->data() + text->size(), time);
        row.timestamp_ms = time;
    }
    row.tracing = std::move(values.at(6)).value_or("");
    row.headers = std::move(values.at(7)).value_or("");
    return row;
}

std::expected<std::vector<Row>, std::string> PostgresTable::read(std::int32_t rows_max) {
    if (auto ready = prepare(); !ready) return std::unexpected(ready.error().why);
    auto found = connection_.run(select_, {std::to_string(rows_max)});
    if (!found) return std::unexpected(found.error().why);
    std::vector<Row> rows;
    for (auto& values : *found) rows.push_back(row_of(values));
    return rows;
}

void PostgresTable::next(std::int32_t rows_max, Done<std::vector<Row>> done) {
    submit([this, rows_max, done = std::move(done)]() mutable {
        loop_.post(
            [done = std::move(done), rows = read(rows_max)]() mutable { done(std::move(rows)); });
    });
}

void PostgresTable::remove(std::vector<std::string> ids, Done<void> done) {
    submit([this, ids = std::move(ids), done = std::move(done)]() mutable {
        std::expected<void, std::string> result;
        if (auto ready = prepare(); !ready)
            result = std::unexpected(ready.error().why);
        else if (auto removed =
                     connection_.run(fmt::format("DELETE FROM {} WHERE id = ANY ($1::{}[])",
                                                 quoted(options_.table), id_type_),
                                     {array_of(ids)});
                 !removed)
            result = std::unexpected(removed.error().why);
        loop_.post([done = std::move(done), result = std::move(result)]() mutable {
            done(std::move(result));
        });
    });
}

void PostgresTable::wait(Duration patience, std::move_only_function<void()> done) {
    submit([this, patience, done = std::move(done)]() mutable {
        // A connection that is lost shows with the next statement.
        [[maybe_unused]] auto const waited =
            connection_.wait_for_notification(wake_read_, patience);
        loop_.post(std::move(done));
    });
}

}  // namespace klamm::postgres

namespace klamm {

std::string outbox_schema(OutboxOptions const& options) {
    auto const table = postgres::quoted(options.table);
    auto const function = postgres::quoted("klamm_notify_" + options.table);
    return fmt::format(
        R"(CREATE TABLE IF NOT EXISTS {0} (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    aggregatetype varchar(255) NOT NULL,
    aggregateid varchar(255) NOT NULL,
    type varchar(255) NOT NULL,
    payload jsonb
);
ALTER TABLE {0} ADD COLUMN IF NOT EXISTS klamm_number bigserial;
ALTER TABLE {0} ADD COLUMN IF NOT EXISTS klamm_headers jsonb;
CREATE INDEX IF NOT EXISTS {3} ON {0} (klamm_number);
CREATE OR REPLACE FUNCTION {1}() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_notify('{2}', ''); RETURN NULL; END $$;
CREATE OR REPLACE TRIGGER klamm_notify AFTER INSERT ON {0}
    FOR EACH STATEMENT EXECUTE FUNCTION {1}();
)",
        table, function, postgres::channel(options),
        postgres::quoted(options.table + "_klamm_number"));
}

}  // namespace klamm
