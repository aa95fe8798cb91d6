// sim/transactions.cc - producers of transactions, and applications that consume, process and
// produce in one transaction.
//
// Two instances share each transactional id. One works; the other stands by and takes over when it
// has seen no sign of life for a while. An instance that was only paused then goes on with what it
// was doing, and has to find out that it is a zombie.
#include "klamm/sim/audit.h"
#include "klamm/sim/processed.h"
#include "klamm/sim/reader.h"
#include "klamm/sim/transactional_producer.h"
#include "klamm/sim/workloads.h"

#include <fmt/format.h>

namespace klamm::sim {
namespace {

constexpr Time pause_usual = 300 * millisecond;
constexpr Time looks_every = 500 * millisecond;
constexpr Time paused_min = 1 * second;
constexpr Time paused_more = 14 * second;
constexpr Time heartbeat_interval = 1 * second;
constexpr Time retry_pause = 150 * millisecond;
constexpr int writes_max = 4;
constexpr int values_max = 3;
constexpr int partitions_written_max = 2;  ///< by an application, with the same

/// One instance of a transactional id.
class Instance {
public:
    Instance(Client& client, Progress& progress, TransactionalId& shared)
        : client_(client), progress_(progress), shared_(shared), producer_(client, shared) {}

protected:
    Services& services() { return client_.services(); }
    Random& random() { return client_.random; }

    /// Waits until the other instance seems to be gone, and becomes the producer.
    Task<bool> take_over() {
        while (!services().over) {
            auto const now = services().schedule.now();
            if (shared_.last_sign == 0 || now - shared_.last_sign > shared_.patience) {
                alive();
                bool const initialized = co_await producer_.initialize();
                alive();
                co_return initialized;
            }
            co_await services().schedule.sleep(looks_every + Time(random().below(looks_every)));
        }
        co_return false;
    }
    void alive() { shared_.last_sign = services().schedule.now(); }

    /// At some places the process is stopped for a while, without a word.
    Task<> maybe_pause() {
        alive();
        if (!services().strikes(Fault::paused, random())) co_return;
        services().trace.note("{} is paused", client_.name());
        co_await services().schedule.sleep(paused_min + Time(random().below(paused_more)));
    }

    Client& client_;
    Progress& progress_;
    TransactionalId& shared_;
    TransactionalProducer producer_;
};

class Writer : Instance {
public:
    using Instance::Instance;

    Task<> run() {
        while (!services().calm) {
            bool const is_producer = co_await take_over();
            if (!is_producer) co_return;
            auto result = Result::done;
            while (result == Result::done && !services().calm) {
                co_await services().schedule.sleep(Time(random().below(pause_usual)));
                ++progress_.producers_busy;
                result = co_await one_transaction();
                --progress_.producers_busy;
            }
        }
    }

private:
    Task<Result> one_transaction() {
        producer_.begin();
        auto const writes = 1 + int(random().below(writes_max));
        auto result = Result::done;
        for (int i = 0; i < writes && result == Result::done; ++i) {
            auto const partition =
                std::int32_t(random().below(std::uint64_t(services().plan.partitions)));
            std::vector<std::string> values(1 + random().below(values_max));
            for (auto& value : values)
                value = fmt::format("{}:{}-{}", producer_.transaction(), partition, number_++);
            result = co_await producer_.write(main_partition(partition), std::move(values));
            co_await maybe_pause();
        }
        if (result == Result::fenced) co_return result;
        bool const commit = result == Result::done && !random().one_in(4);
        result = co_await producer_.end(commit);
        if (result == Result::done)
            ++(commit ? progress_.committed_transactions : progress_.aborted_transactions);
        co_await maybe_pause();
        co_return result;
    }

    int number_ = 0;
};

class Application : Instance {
public:
    Application(Client& client, Progress& progress, TransactionalId& shared)
        : Instance(client, progress, shared),
          member_(client, progress, std::string(application_group)),
          reader_(client, progress, true) {}

    Task<> run() {
        while (!services().over) {
            bool const is_producer = co_await take_over();
            if (!is_producer) co_return;
            auto result = Result::rejoin;
            while (result == Result::rejoin && !services().over) result = co_await live();
            co_await member_.leave();
        }
    }

private:
    /// As one member: until it must join again, is fenced, or dies.
    Task<Result> live() {
        alive();
        bool const joined = co_await member_.join();
        if (!joined) {
            co_await services().schedule.sleep(retry_pause);
            co_return Result::rejoin;
        }
        auto result = co_await seek();
        auto last_heartbeat = services().schedule.now();
        while (result == Result::done && !services().over) {
            alive();
            std::vector<ReadPiece> pieces;
            bool const fetched = co_await reader_.fetch(pieces);
            if (!fetched) co_await services().schedule.sleep(retry_pause);
            if (!pieces.empty()) {
                result = co_await process(std::move(pieces));
                if (result == Result::abort) result = co_await seek();
            }
            if (result == Result::done &&
                services().schedule.now() - last_heartbeat >= heartbeat_interval) {
                last_heartbeat = services().schedule.now();
                bool const remains = co_await member_.beat();
                if (!remains) result = Result::rejoin;
            }
            if (services().strikes(Fault::client_gone, random())) {
                result = co_await die();
                co_return result;
            }
        }
        co_return result;
    }

    Task<Result> die() {
        services().trace.note("{} dies", client_.name());
        client_.drop();
        member_.forget();
        co_await services().schedule.sleep(Time(random().below(paused_more)));
        co_return Result::fenced;
    }

    /// To where the group goes on, once no transaction is open that may still move it.
    Task<Result> seek() {
        for (auto begin = services().schedule.now();
             !services().over && services().schedule.now() - begin < paused_more;) {
            alive();
            Offsets offsets;
            bool const found = co_await member_.find_committed(offsets);
            if (found) {
                reader_.seek(std::move(offsets));
                co_return Result::done;
            }
            bool const remains = co_await member_.beat();
            if (!remains) co_return Result::rejoin;
            co_await services().schedule.sleep(retry_pause);
        }
        co_return Result::rejoin;
    }

    Task<Result> process(std::vector<ReadPiece> pieces) {
        co_await maybe_pause();
        producer_.begin();
        Offsets offsets;
        auto result = co_await write(pieces, offsets);
        co_await maybe_pause();
        if (result == Result::done) result = co_await producer_.send_offsets(member_, offsets);
        co_await maybe_pause();
        if (result == Result::fenced) co_return result;
        bool const rejoin = result == Result::rejoin;
        bool const commit = result == Result::done && !random().one_in(10);
        result = co_await producer_.end(commit);
        if (result != Result::done) co_return result;
        ++(commit ? progress_.committed_transactions : progress_.aborted_transactions);
        if (!commit) co_return rejoin ? Result::rejoin : Result::abort;
        for (auto const& [number, offset] : offsets) {
            auto const name = main_partition(number);
            services().checkers.tell(&Checker::commit_acked, member_.group(), name, offset,
                                     services().schedule.now());
            auto& best = progress_.committed[{member_.group(), name}];
            best = std::max(best, offset);
        }
        co_return Result::done;
    }

    /// One record for each piece, in one or two partitions.
    Task<Result> write(std::vector<ReadPiece> const& pieces, Offsets& offsets) {
        std::vector<std::string> values;
        for (auto const& piece : pieces) {
            PieceHash hash;
            for (auto const& record : piece.shown) hash.add(record);
            values.push_back(to_value({main_partition(piece.partition), piece.from, piece.to,
                                       hash.value(), producer_.transaction()}));
            offsets[piece.partition] = piece.to;
        }
        auto const partitions = std::uint64_t(services().plan.partitions);
        auto const copies = std::min(partitions, 1 + random().below(partitions_written_max));
        auto const first = random().below(partitions);
        auto result = Result::done;
        for (std::uint64_t copy = 0; copy < copies && result == Result::done; ++copy) {
            PartitionName const to{std::string(results_topic),
                                   std::int32_t((first + copy) % partitions)};
            result = co_await producer_.write(to, values);
        }
        co_return result;
    }

    Member member_;
    Reader reader_;
};

}  // namespace

Task<> write_transactions(Client& client, Progress& progress, TransactionalId& shared) {
    Writer writer{client, progress, shared};
    co_await writer.run();
}

Task<> process(Client& client, Progress& progress, TransactionalId& shared) {
    Application application{client, progress, shared};
    co_await application.run();
}

}  // namespace klamm::sim
