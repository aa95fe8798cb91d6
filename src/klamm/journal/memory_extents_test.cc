#include "klamm/journal/memory_extents.h"

#include "klamm/journal/extents_conformance.h"

namespace klamm::journal {
namespace {

class MemoryExtentsWorld {
public:
    ExtentStore& store() { return store_; }
    void restart() {}
    void set_room(bool room) { store_.set_bytes_max(room ? std::uint64_t{1} << 26 : 0); }

private:
    MemoryExtents store_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, ExtentsConformance, MemoryExtentsWorld);

}  // namespace
}  // namespace klamm::journal
