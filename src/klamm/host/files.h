// host/files.h - seams/files.h by system calls.
#pragma once

#include "klamm/seams/files.h"

#include <expected>
#include <memory>
#include <string>

namespace klamm::host {

/// The directory at `path`, made (with its parents) when it does not exist.
[[nodiscard]] std::expected<std::unique_ptr<seams::Directory>, seams::FileError> open_directory(
    std::string const& path);

}  // namespace klamm::host
