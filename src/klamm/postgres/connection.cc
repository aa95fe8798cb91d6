#include "klamm/postgres/connection.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>

namespace klamm::postgres {
namespace {

struct Clear {
    void operator()(PGresult* result) const { PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, Clear>;

std::string one_line(char const* text) {
    std::string line = text;
    std::ranges::replace(line, '\n', ' ');
    while (!line.empty() && line.back() == ' ') line.pop_back();
    return line;
}

std::vector<SqlRow> rows_of(PGresult const& answer) {
    std::vector<SqlRow> rows(std::size_t(PQntuples(&answer)));
    for (std::size_t r = 0; r < rows.size(); ++r)
        for (int c = 0; c < PQnfields(&answer); ++c) {
            auto& value = rows[r].emplace_back();
            if (PQgetisnull(&answer, int(r), c) == 0)
                value.emplace(PQgetvalue(&answer, int(r), c),
                              std::size_t(PQgetlength(&answer, int(r), c)));
        }
    return rows;
}

/// False: there was none.
bool take_notifications(PGconn& connection) {
    bool any = false;
    while (auto* notification = PQnotifies(&connection)) {
        PQfreemem(notification);
        any = true;
    }
    return any;
}

}  // namespace

void Connection::Closer::operator()(pg_conn* handle) const { PQfinish(handle); }

SqlFailure Connection::lost() {
    SqlFailure failure{
        "the connection to PostgreSQL was lost: " + one_line(PQerrorMessage(handle_.get())), {}};
    handle_.reset();
    return failure;
}

SqlResult<void> Connection::connect() {
    if (handle_) return {};
    handle_.reset(PQconnectdb(connection_.c_str()));
    if (PQstatus(handle_.get()) == CONNECTION_OK) return {};
    SqlFailure failure{"PostgreSQL cannot be reached: " + one_line(PQerrorMessage(handle_.get())),
                       {}};
    handle_.reset();
    return std::unexpected(std::move(failure));
}

SqlResult<std::vector<SqlRow>> Connection::run(std::string_view statement,
                                               std::vector<SqlValue> const& parameters) {
    if (auto connected = connect(); !connected) return std::unexpected(connected.error());
    std::vector<char const*> values;
    for (auto const& value : parameters) values.push_back(value ? value->c_str() : nullptr);
    std::string const text{statement};
    // Several statements at once are possible without parameters only.
    Answer const answer{parameters.empty()
                            ? PQexec(handle_.get(), text.c_str())
                            : PQexecParams(handle_.get(), text.c_str(), int(values.size()), nullptr,
                                           values.data(), nullptr, nullptr, 0)};
    auto const status = PQresultStatus(answer.get());
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) return rows_of(*answer);
    if (PQstatus(handle_.get()) != CONNECTION_OK) return std::unexpected(lost());
    auto const* code = PQresultErrorField(answer.get(), PG_DIAG_SQLSTATE);
    return std::unexpected(
        SqlFailure{one_line(PQresultErrorMessage(answer.get())), code == nullptr ? "XX000" : code});
}

SqlResult<void> Connection::wait_for_notification(int wake, std::chrono::milliseconds patience) {
    if (!handle_) return std::unexpected(SqlFailure{"the connection to PostgreSQL is closed", {}});
    // One may have come with the answer to the last statement.
    if (!take_notifications(*handle_)) {
        std::array<pollfd, 2> ready{pollfd{PQsocket(handle_.get()), POLLIN, 0},
                                    pollfd{wake, POLLIN, 0}};
        ::poll(ready.data(), ready.size(), int(patience.count()));
    }
    if (PQconsumeInput(handle_.get()) == 0) return std::unexpected(lost());
    take_notifications(*handle_);
    return {};
}

std::string quoted(std::string_view identifier) {
    std::string out = "\"";
    for (auto const each : identifier) {
        if (each == '"') out += '"';
        out += each;
    }
    return out + '"';
}

}  // namespace klamm::postgres
