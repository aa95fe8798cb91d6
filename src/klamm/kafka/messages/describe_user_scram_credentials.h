// kafka/messages/describe_user_scram_credentials.h - DescribeUserScramCredentials, api key 50.
//
// Describes the SCRAM credentials of users (KIP-554).
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_DescribeUserScramCredentials
#pragma once

#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klamm::kafka {

struct DescribeUserScramCredentialsResponse;

struct DescribeUserScramCredentialsRequest {
    using Self = DescribeUserScramCredentialsRequest;
    using Response = DescribeUserScramCredentialsResponse;
    static constexpr Api api{.key = 50, .first = 0, .last = 0, .flexible_from = 0};

    struct UserName {
        using Self = UserName;
        std::string name;

        static constexpr void describe(auto& field) { field("name", &Self::name); }
        bool operator==(Self const&) const = default;
    };

    std::optional<std::vector<UserName>> users = std::vector<UserName>{};  ///< null or empty: all

    static constexpr void describe(auto& field) { field("users", &Self::users); }
    bool operator==(Self const&) const = default;
};

struct DescribeUserScramCredentialsResponse {
    using Self = DescribeUserScramCredentialsResponse;
    static constexpr Api api = DescribeUserScramCredentialsRequest::api;

    struct CredentialInfo {
        using Self = CredentialInfo;
        std::int8_t mechanism = 0;  ///< 1: SCRAM-SHA-256, 2: SCRAM-SHA-512
        std::int32_t iterations = 0;

        static constexpr void describe(auto& field) {
            field("mechanism", &Self::mechanism);
            field("iterations", &Self::iterations);
        }
        bool operator==(Self const&) const = default;
    };

    struct DescribeUserScramCredentialsResult {
        using Self = DescribeUserScramCredentialsResult;
        std::string user;
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message = "";
        std::vector<CredentialInfo> credential_infos;

        static constexpr void describe(auto& field) {
            field("user", &Self::user);
            field("error_code", &Self::error_code);
            field("error_message", &Self::error_message);
            field("credential_infos", &Self::credential_infos);
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message = "";
    std::vector<DescribeUserScramCredentialsResult> results;

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms);
        field("error_code", &Self::error_code);
        field("error_message", &Self::error_message);
        field("results", &Self::results);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
