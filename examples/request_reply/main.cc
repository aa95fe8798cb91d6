// request_reply ITEM [COUNT]: asks the App in this process, or, with KLAMM_BOOTSTRAP=HOST:PORT, all
// that run beside it on a cluster; whoever of them has the partition answers.
#include "quotes.h"

#include <klamm/run.h>

#include <cstdlib>
#include <iostream>

int main(int argc, char** argv) {
    if (argc < 2) {
        std::cerr << "usage: request_reply ITEM [COUNT]\n";
        return 2;
    }
    klamm::RunOptions options{.durability = klamm::Durability::memory, .quiet = true};
    if (auto const* const bootstrap = std::getenv("KLAMM_BOOTSTRAP")) options.bootstrap = bootstrap;
    auto const running = klamm::start(quotes::make_app({{"book", 900}, {"pen", 150}}), options);
    if (!running) {
        std::cerr << running.error() << '\n';
        return 1;
    }
    quotes::QuoteAsked const question{argv[1], argc > 2 ? std::atoll(argv[2]) : 1};
    auto const reply = (*running)->request<quotes::Quote>(
        "questions", question, std::chrono::seconds{30}, {.key = question.item});
    if (!reply) {
        std::cerr << reply.error() << '\n';
        return 1;
    }
    if (!reply->refused.empty()) {
        std::cerr << reply->refused << '\n';
        return 1;
    }
    std::cout << question.count << " x " << question.item << ": " << reply->cents << " cents\n";
}
