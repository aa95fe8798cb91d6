// host/unsynced.h - files whose sync() does nothing: `--durability page-cache`.
//
// What was written survives the process, because the system's page cache has it, and not the
// machine. The order in which pages reach the disk is the system's choice.
#pragma once

#include "klamm/seams/files.h"

#include <memory>

namespace klamm::host {

std::unique_ptr<seams::Directory> without_sync(std::unique_ptr<seams::Directory> directory);

}  // namespace klamm::host
