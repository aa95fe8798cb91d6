#include "klamm/kafka/errors.h"

namespace klamm::kafka {

std::string_view to_string(ErrorCode error) {
    switch (error) {
#define X(name, code, retriable) \
    case ErrorCode::name:        \
        return #name;
        KLAMM_KAFKA_ERRORS(X)
#undef X
    }
    return unknown_error_code;
}

bool is_retriable(ErrorCode error) {
    switch (error) {
#define X(name, code, retriable) \
    case ErrorCode::name:        \
        return retriable;
        KLAMM_KAFKA_ERRORS(X)
#undef X
    }
    return false;
}

}  // namespace klamm::kafka
