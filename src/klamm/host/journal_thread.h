// host/journal_thread.h - the one thread that makes entries durable: everything that is there, with
// one write and one sync.
#pragma once

#include "klamm/host/metrics.h"
#include "klamm/journal/journal.h"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace klamm::host {

class JournalThread {
public:
    JournalThread(journal::Journal& journal, Metrics& metrics)
        : journal_(journal), metrics_(metrics) {}
    ~JournalThread();  ///< stops it
    JournalThread(JournalThread const&) = delete;
    JournalThread& operator=(JournalThread const&) = delete;

    /// `durable` is called on this thread after each commit. A commit that fails stops the process:
    /// what is durable is not known any more, and nothing may be acknowledged.
    void start(std::function<void(journal::Position)> durable);
    /// There are entries to be made durable. Any thread.
    void wake();
    /// Ends the thread after everything that was appended is durable.
    void stop();

private:
    void loop();
    bool wait();

    journal::Journal& journal_;
    Metrics& metrics_;
    std::function<void(journal::Position)> durable_;
    std::mutex mutex_;
    std::condition_variable condition_;
    bool wanted_ = false;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace klamm::host
