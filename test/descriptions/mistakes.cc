// Descriptions of events with one mistake each; MISTAKE says which. What the compiler must say
// about it stands behind each number.
#include <klamm/app.h>

#include <chrono>
#include <set>

struct Described {
    int klamm = 0;
    static constexpr void describe(auto& field) { field("klamm", &Described::klamm); }
};
enum class Unnamed { first };

#if MISTAKE == 0  // nothing
using Field = std::vector<std::optional<std::map<std::string, Described>>>;
#elif MISTAKE == 1  // an enum that is a field needs names
using Field = Unnamed;
#elif MISTAKE == 2  // whole numbers are std::int32_t or std::int64_t
using Field = std::uint32_t;
#elif MISTAKE == 3  // an event owns what it says
using Field = char const*;
#elif MISTAKE == 4  // a duration is no field
using Field = std::chrono::seconds;
#elif MISTAKE == 5  // points in time are klamm::Time
using Field = std::chrono::steady_clock::time_point;
#elif MISTAKE == 6  // a struct that is a field needs static constexpr void describe
using Field = std::set<std::string>;
#elif MISTAKE == 7  // an optional of an optional
using Field = std::optional<std::optional<int>>;
#elif MISTAKE == 8  // real numbers are float or double
using Field = long double;
#else
using Field = int;
#endif

struct Event {
#if MISTAKE != 9  // an event needs a name
    static constexpr klamm::EventName event{"an.event"};
#endif
    Field field{};
#if MISTAKE == 10  // a struct cannot be inside itself
    std::vector<Event> inside;
#endif
#if MISTAKE != 11  // an event needs static constexpr void describe
    static constexpr void describe(auto& to) {
        to("field", &Event::field);
#if MISTAKE == 10
        to("inside", &Event::inside);
#endif
    }
#endif
};

int main() {
    klamm::App app{"app"};
    app.on<Event>("topic", [](Event const&, klamm::Context&) { return klamm::done(); });
}
