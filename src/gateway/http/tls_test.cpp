// SPDX-License-Identifier: Apache-2.0
// TLS on real sockets: what is agreed, what is refused, and what a hostile peer gets out of it.
#include <chrono>
#include <fstream>
#include <future>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "certificate.h"
#include "gateway/http/http_server.h"
#include "gateway/http/tls_client.h"
#include "raw_client.h"
#include "temp_folder.h"

namespace flywheel::http {
namespace {

using std::chrono::milliseconds;
using testing::get_request;
using ::testing::HasSubstr;
using testing::make_certificate;
using testing::post_request;
using testing::RawClient;

/// A client that trusts one certificate.
class PinnedClient {
  public:
    PinnedClient(std::uint16_t port, const std::filesystem::path& certificate) : raw_(port) {
        auto opened = TlsClient::open(raw_.socket(), certificate);
        error = opened ? "" : opened.error().message;
        tls_ = opened ? std::move(*opened) : nullptr;
    }

    bool send(std::string_view bytes) { return tls_->send(bytes).has_value(); }

    /// Status line, fields and body, as far as they came.
    std::string answer(std::size_t body_bytes) {
        std::size_t end = std::string::npos;
        while ((end = read_.find("\r\n\r\n")) == std::string::npos ||
               read_.size() < end + 4 + body_bytes) {
            char piece[16 * 1024];
            const auto got = tls_->receive(piece, sizeof piece);
            if (!got || *got == 0) {
                return std::exchange(read_, "");
            }
            read_.append(piece, *got);
        }
        std::string answer = read_.substr(0, end + 4 + body_bytes);
        read_.erase(0, answer.size());
        return answer;
    }

    std::string ask(std::string_view request, std::size_t body_bytes) {
        send(request);
        return answer(body_bytes);
    }

    std::string error;

  private:
    RawClient raw_;
    std::unique_ptr<TlsClient> tls_;
    std::string read_;
};

constexpr std::size_t kHello = 14;

class TlsTest : public ::testing::Test {
  protected:
    TlsTest() {
        add(Method::Get, "/hello", [](const HttpRequest&, HttpResponse& response) -> Result<void> {
            response.body = "{\"hello\":true}";
            return {};
        });
        add(Method::Post,
            "/echo",
            [](const HttpRequest& request, HttpResponse& response) -> Result<void> {
                response.body = request.body;
                return {};
            });
        add(Method::Get,
            "/wait",
            [this](const HttpRequest&, HttpResponse& response) -> Result<void> {
                waiting_.set_value();
                release_.get_future().wait();
                response.body = "waited";
                return {};
            });
    }

    void add(Method method, std::string pattern, RouteFunction run) {
        std::string name = pattern.substr(1);
        const auto speed = name == "wait" ? RouteSpeed::Slow : RouteSpeed::Fast;
        router_.add({method, std::move(pattern), std::move(name), std::move(run), speed, 16U << 20U}
        );
    }

    void start(HttpServerPlan plan = {}) {
        plan.port = 0;
        plan.tls = TlsPlan{files_.certificate, files_.key, milliseconds(5)};
        auto server = HttpServer::start(router_, std::move(plan));
        ASSERT_TRUE(server.has_value()) << server.error().message;
        server_ = std::move(*server);
    }

    [[nodiscard]] PinnedClient client() const { return {server_->port(), files_.certificate}; }

    /// The error of a server that is started with these files.
    static std::string refusal(const testing::CertificateFiles& files) {
        const auto opened = TlsIdentity::open({files.certificate, files.key, milliseconds(5)});
        return opened ? "" : opened.error().message;
    }

    /// The peer may know of a failure before the server has counted it.
    void expect_failures(std::uint64_t count) {
        const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (server_->tls_failures() < count && std::chrono::steady_clock::now() < patience) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        EXPECT_EQ(server_->tls_failures(), count);
    }

    /// Shakes hands as `how` says; what was agreed, or "" when nothing was.
    std::string agree(const std::function<void(SSL_CTX*, SSL*)>& how) const {
        RawClient raw(server_->port());
        const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(
            SSL_CTX_new(TLS_client_method()), SSL_CTX_free
        );
        SSL_CTX_set_security_level(context.get(), 0);
        const std::unique_ptr<SSL, decltype(&SSL_free)> session(SSL_new(context.get()), SSL_free);
        how(context.get(), session.get());
        SSL_set_fd(session.get(), raw.socket());
        if (SSL_connect(session.get()) != 1) {
            return "";
        }
        const unsigned char* protocol = nullptr;
        unsigned bytes = 0;
        SSL_get0_alpn_selected(session.get(), &protocol, &bytes);
        return std::string(SSL_get_version(session.get())) + " " +
               std::string(reinterpret_cast<const char*>(protocol), bytes);
    }

    testing::TempFolder folder_;
    testing::CertificateFiles files_ = make_certificate(folder_.path(), "server");
    Router router_;
    std::unique_ptr<HttpServer> server_;
    std::promise<void> waiting_;
    std::promise<void> release_;
};

TEST_F(TlsTest, AnswersManyRequestsOnOneConnectionAlsoPipelined) {
    start();
    auto peer = client();
    for (int i = 0; i < 20; ++i) {
        EXPECT_THAT(peer.ask(get_request("/hello"), kHello), HasSubstr("{\"hello\":true}"));
    }
    std::string all;
    for (int i = 0; i < 20; ++i) {
        all += post_request("/echo", std::to_string(i + 10));
    }
    peer.send(all);
    for (int i = 0; i < 20; ++i) {
        EXPECT_THAT(peer.answer(2), ::testing::EndsWith("\r\n\r\n" + std::to_string(i + 10)));
    }
}

TEST_F(TlsTest, CarriesLargeBodiesBothWays) {
    start();
    auto peer = client();
    std::string body(10U << 20U, 'x');
    for (std::size_t i = 0; i < body.size(); i += 4099) {
        body[i] = static_cast<char>('a' + i % 26);
    }
    for (int i = 0; i < 2; ++i) {
        const std::string answer = peer.ask(post_request("/echo", body), body.size());
        ASSERT_GT(answer.size(), body.size());
        EXPECT_TRUE(answer.substr(answer.size() - body.size()) == body);
    }
}

TEST_F(TlsTest, AgreesOnNothingOlderThanTls12AndOnHttp11) {
    start();
    const auto version = [](int most) {
        return [most](SSL_CTX*, SSL* session) { SSL_set_max_proto_version(session, most); };
    };
    const auto offer = [](const std::string& protocols) {
        return [protocols](SSL_CTX*, SSL* session) {
            SSL_set_alpn_protos(
                session,
                reinterpret_cast<const unsigned char*>(protocols.data()),
                static_cast<unsigned>(protocols.size())
            );
        };
    };
    EXPECT_EQ(agree(version(TLS1_3_VERSION)), "TLSv1.3 ");
    EXPECT_EQ(agree(version(TLS1_2_VERSION)), "TLSv1.2 ");
    EXPECT_EQ(agree(version(TLS1_1_VERSION)), "");
    EXPECT_EQ(agree(version(TLS1_VERSION)), "");
    EXPECT_EQ(agree(offer("\x02h2\x08http/1.1")), "TLSv1.3 http/1.1");
    EXPECT_EQ(agree(offer("\x02h2")), "");
    EXPECT_EQ(
        agree([](SSL_CTX*, SSL* session) {
            SSL_set_max_proto_version(session, TLS1_2_VERSION);
            SSL_set_cipher_list(session, "AES128-SHA:AES256-SHA256:ECDHE-ECDSA-AES128-SHA");
        }),
        ""
    );
    expect_failures(4);
}

TEST_F(TlsTest, TellsAPeerThatSpeaksPlainHttp) {
    start();
    for (const std::string& request : {get_request("/hello"), post_request("/echo", "body")}) {
        RawClient plain(server_->port());
        const auto answer = plain.ask(request);
        EXPECT_EQ(answer.status, 400);
        EXPECT_EQ(
            answer.body, "{\"error\":\"This port speaks TLS; begin the address with https://\"}"
        );
        EXPECT_TRUE(plain.closed_by_server());
    }
}

TEST_F(TlsTest, GarbageInsteadOfAHandshakeEndsTheConnectionAndNothingElse) {
    start();
    auto before = client();
    std::string hello = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";  // says 512 bytes
    for (const std::string& garbage : {
             std::string(100, '\0'),
             std::string(100'000, '\xFF'),
             std::string("\x16\x03\x01\x00\x05hello", 10),
             std::string("\x16\x03\x01\xFF\xFF", 5) + std::string(70'000, '\x01'),
             hello + std::string(600, '\x7F'),
             std::string("\x80\x2e\x01\x03\x01", 5) + std::string(60, '\x02'),
         }) {
        RawClient peer(server_->port());
        peer.send(garbage);
        peer.end_of_sending();
        char byte = 0;
        while (::recv(peer.socket(), &byte, 1, 0) > 0) {  // an alert, perhaps
        }
    }
    expect_failures(6);
    EXPECT_THAT(before.ask(get_request("/hello"), kHello), HasSubstr("200 OK"));
}

TEST_F(TlsTest, HalfAHandshakeIsWaitedForNoLongerThanAHead) {
    start({.time_outs = {.head = milliseconds(80)}});
    RawClient silent(server_->port());
    RawClient half(server_->port());
    half.send(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11));
    EXPECT_TRUE(silent.closed_by_server());
    EXPECT_TRUE(half.closed_by_server());
    auto quiet = client();  // shook hands, then says nothing
    EXPECT_EQ(quiet.answer(0), "");
    auto slow = client();
    EXPECT_THAT(slow.ask("GET /hel", 0), HasSubstr("408"));
}

TEST_F(TlsTest, DoesNotNegotiateAgain) {
    start();
    EXPECT_EQ(
        agree([](SSL_CTX*, SSL* session) { SSL_set_max_proto_version(session, TLS1_2_VERSION); }),
        "TLSv1.2 "
    );
    RawClient raw(server_->port());
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(
        SSL_CTX_new(TLS_client_method()), SSL_CTX_free
    );
    SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
    const std::unique_ptr<SSL, decltype(&SSL_free)> session(SSL_new(context.get()), SSL_free);
    SSL_set_fd(session.get(), raw.socket());
    ASSERT_EQ(SSL_connect(session.get()), 1);
    ASSERT_EQ(SSL_renegotiate(session.get()), 1);
    EXPECT_NE(SSL_do_handshake(session.get()), 1);
    auto other = client();
    EXPECT_THAT(other.ask(get_request("/hello"), kHello), HasSubstr("200 OK"));
}

TEST_F(TlsTest, ShowsANewCertificateToNewConnectionsAndKeepsTheOldOnes) {
    start();
    auto before = client();
    EXPECT_THAT(before.ask(get_request("/hello"), kHello), HasSubstr("200 OK"));
    const auto renewed = make_certificate(folder_.path(), "renewed");
    std::filesystem::rename(renewed.certificate, files_.certificate);  // no pair for a moment
    std::filesystem::rename(renewed.key, files_.key);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    std::string refused = "not asked";
    while (!refused.empty() && std::chrono::steady_clock::now() < until) {
        refused = PinnedClient(server_->port(), files_.certificate).error;
    }
    EXPECT_EQ(refused, "");
    EXPECT_THAT(before.ask(get_request("/hello"), kHello), HasSubstr("200 OK"));
}

TEST_F(TlsTest, AClientThatTrustsAnotherCertificateDoesNotSendAnything) {
    start();
    const auto other = make_certificate(folder_.path(), "other");
    const PinnedClient stranger(server_->port(), other.certificate);
    EXPECT_THAT(stranger.error, HasSubstr("another certificate"));
}

TEST_F(TlsTest, SaysWhatIsWrongWithItsFiles) {
    const auto other = make_certificate(folder_.path(), "other");
    EXPECT_THAT(refusal({files_.certificate, other.key}), HasSubstr("does not belong"));
    EXPECT_THAT(refusal({folder_.path() / "none.crt", files_.key}), HasSubstr("none.crt"));
    EXPECT_THAT(refusal({files_.certificate, folder_.path() / "none.key"}), HasSubstr("none.key"));
    EXPECT_THAT(refusal({files_.key, files_.key}), HasSubstr("certificate"));
    for (const mode_t mode : {0644U, 0604U, 0602U, 0660U, 0777U}) {
        ::chmod(files_.key.c_str(), mode);
        EXPECT_THAT(refusal(files_), HasSubstr("chmod 600")) << mode;
    }
    ::chmod(files_.key.c_str(), 0640);  // a group of services may read it, as Debian's ssl-cert
    EXPECT_EQ(refusal(files_), "");
    std::ofstream(files_.key, std::ios::trunc) << "-----BEGIN PRIVATE KEY-----\nAAAA\n";
    EXPECT_THAT(refusal(files_), HasSubstr("server.key"));
}

TEST_F(TlsTest, ACertificateSaysItsNamesAndItsEnd) {
    const auto facts = read_certificate(files_.certificate);
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->names, "DNS:localhost, IP Address:127.0.0.1");
    EXPECT_EQ(facts->sha256.size(), 64U);
    const auto over = read_certificate(make_certificate(folder_.path(), "over", -1).certificate);
    EXPECT_LT(over->expires, facts->expires - 30 * 86'400);
}

TEST_F(TlsTest, APeerThatNeverReadsIsResetAndHoldsNobodyUp) {
    start({.threads = 1, .time_outs = {.write = milliseconds(80)}});
    auto lazy = client();
    const std::string request = post_request("/echo", std::string(4U << 20U, 'x'));
    while (lazy.send(request)) {
    }
    auto other = client();
    EXPECT_THAT(other.ask(get_request("/hello"), kHello), HasSubstr("200 OK"));
}

TEST_F(TlsTest, FinishesWhatIsInFlightWhenItStops) {
    start();
    auto idle = client();
    EXPECT_THAT(idle.ask(get_request("/hello"), kHello), HasSubstr("200 OK"));
    auto busy = client();
    busy.send(get_request("/wait"));
    waiting_.get_future().wait();
    server_->announce_close();  // or the answer could be there before the stop has begun
    auto stopped = std::async(std::launch::async, [&] { server_->stop(std::chrono::seconds(20)); });
    EXPECT_EQ(idle.answer(0), "");  // the server has begun to stop
    release_.set_value();
    const std::string answer = busy.answer(6);
    EXPECT_THAT(answer, HasSubstr("Connection: close"));
    EXPECT_THAT(answer, HasSubstr("waited"));
    EXPECT_EQ(busy.answer(0), "");
    stopped.wait();
}

TEST_F(TlsTest, ServesManyConnectionsAtOnce) {
    start({.threads = 2});
    std::atomic<int> right = 0;
    std::vector<std::thread> peers;
    for (int peer = 0; peer < 16; ++peer) {
        peers.emplace_back([&, peer] {
            auto one = client();
            for (int i = 0; i < 30; ++i) {
                const std::string body = std::to_string(peer * 1000 + i + 100'000);
                right +=
                    one.ask(post_request("/echo", body), 6).ends_with("\r\n\r\n" + body) ? 1 : 0;
            }
        });
    }
    for (std::thread& peer : peers) {
        peer.join();
    }
    EXPECT_EQ(right, 16 * 30);
}

}  // namespace
}  // namespace flywheel::http
