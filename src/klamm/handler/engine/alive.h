// handler/engine/alive.h - callbacks that come too late are not run.
#pragma once

#include <memory>
#include <utility>

namespace klamm::handler {

/// A member of who asks others to call back: when it is gone, so are the calls. The last member, so
/// that it goes first.
class Alive {
public:
    template <class F>
    auto guard(F call) const {
        return
            [token = std::weak_ptr<char>(token_), call = std::move(call)](auto&&... args) mutable {
                if (!token.expired()) call(std::forward<decltype(args)>(args)...);
            };
    }

    std::weak_ptr<char> token() const { return token_; }  ///< expired: it is gone

private:
    std::shared_ptr<char> token_ = std::make_shared<char>();
};

}  // namespace klamm::handler
