// postgres/connection.h - one connection to PostgreSQL, by libpq. Calls wait.
#pragma once

#include "klamm/postgres.h"

#include <chrono>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct pg_conn;

namespace klamm::postgres {

struct SqlFailure {
    std::string why;   ///< PostgreSQL's words, on one line
    std::string code;  ///< SQLSTATE; empty: the connection is lost
};
template <class T>
using SqlResult = std::expected<T, SqlFailure>;

/// Thread: one at a time.
class Connection {
public:
    /// Opens when it is first used, and again after it was lost.
    explicit Connection(std::string connection) : connection_(std::move(connection)) {}

    [[nodiscard]] SqlResult<std::vector<SqlRow>> run(std::string_view statement,
                                                     std::vector<SqlValue> const& parameters = {});
    bool open() const { return handle_ != nullptr; }
    void close() { handle_.reset(); }
    /// Waits until a notification came, `wake` can be read, or the time is over. An error: the
    /// connection is lost.
    [[nodiscard]] SqlResult<void> wait_for_notification(int wake,
                                                        std::chrono::milliseconds patience);

private:
    struct Closer {
        void operator()(pg_conn* handle) const;
    };
    [[nodiscard]] SqlResult<void> connect();
    SqlFailure lost();

    std::string const connection_;
    std::unique_ptr<pg_conn, Closer> handle_;
};

/// An identifier with its quotes: "order" → "\"order\"".
std::string quoted(std::string_view identifier);

}  // namespace klamm::postgres
