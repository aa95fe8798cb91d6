// broker/compressions.h - which topics want their batches in a codec of their own.
//
// To compress again takes long. It needs nothing of the state but this, so that prepare() does it
// on the thread that decodes the request, from a copy that any thread may read. The copy may be
// behind the state: a batch that was not prepared, or was for another codec, is compressed by the
// broker.
#pragma once

#include "klamm/base/bytes.h"
#include "klamm/base/uuid.h"
#include "klamm/records/recompress.h"

#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace klamm::broker {

struct State;
struct Topic;

/// None: the producer's codec stays.
using WantedCompression = std::optional<records::Compression>;

/// What recompression may add to one request, so that a small request cannot become a large one.
inline constexpr std::size_t recompressed_bytes_max = std::size_t{64} * 1024 * 1024;

/// A batch as its topic wants it stored: empty when that is as it was sent. Owns its bytes.
using Recompressed = std::expected<Slice, records::BatchError>;

class Compressions {
public:
    explicit Compressions(State const& state);

    WantedCompression of(std::string_view topic) const;
    WantedCompression of(Uuid const& topic) const;
    /// Whether this says of `topic` what its settings say.
    bool knows(Topic const& topic) const;
    /// No topic wants anything.
    bool empty() const { return !others_ && by_id_.empty(); }

private:
    WantedCompression others_;  ///< topics that are not named below
    std::map<std::string, WantedCompression, std::less<>> by_name_;
    std::map<Uuid, WantedCompression> by_id_;
};

/// `batch` must have passed records::check(), as `info` says. The result has at most `bytes_max`.
Recompressed recompressed(ByteView batch, records::BatchInfo const& info,
                          WantedCompression const& wanted, std::size_t bytes_max);

}  // namespace klamm::broker
