// postgres/table.h - the outbox as a table of PostgreSQL, on a thread that waits for it.
#pragma once

#include "klamm/bus/loop.h"
#include "klamm/postgres/connection.h"
#include "klamm/postgres/relay.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace klamm::postgres {

/// At most one of those that share a name works: it holds an advisory lock of the database, the
/// others say who they wait for.
class PostgresTable final : public Table {
public:
    PostgresTable(bus::Loop& loop, OutboxOptions const& options);
    ~PostgresTable() override;  ///< waits for the statement that runs

    void next(std::int32_t rows_max, Done<std::vector<Row>> done) override;
    void remove(std::vector<std::string> ids, Done<void> done) override;
    void wait(Duration patience, std::move_only_function<void()> done) override;

private:
    using Job = std::move_only_function<void()>;

    void submit(Job job);
    void loop();
    /// Opens, takes the lock, listens, and finds out which columns there are.
    [[nodiscard]] SqlResult<void> prepare();
    [[nodiscard]] SqlResult<void> look_at_columns();
    [[nodiscard]] std::expected<std::vector<Row>, std::string> read(std::int32_t rows_max);
    Row row_of(SqlRow& values) const;

    bus::Loop& loop_;
    OutboxOptions const options_;
    Connection connection_;
    bool prepared_ = false;
    std::string select_;  ///< with the columns that there are
    std::string id_type_ = "uuid";
    bool binary_payload_ = false;
    bool has_timestamp_ = false;
    bool has_tracing_ = false;
    bool has_headers_ = false;

    std::mutex mutex_;
    std::deque<Job> jobs_;
    bool stopping_ = false;
    std::condition_variable condition_;
    int wake_read_ = -1;  ///< a pipe, so that a wait for notifications can be ended
    int wake_write_ = -1;
    std::thread thread_;
};

}  // namespace klamm::postgres
