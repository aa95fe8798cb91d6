// registry/access.h - the tables behind a state, for the registry's own files.
#pragma once

#include "klamm/registry/tables.h"

namespace klamm::registry {

struct Access {
    static Tables const& tables(State const& state);
};

}  // namespace klamm::registry
