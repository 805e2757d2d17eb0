/// The part of Arduino's libraries that examples/arduino uses, for a computer: Wi-Fi that can be lost by command, and a
/// WiFiUDP that sends real datagrams.
///
/// The sketch itself is what is compiled; g++ includes this in the place of the board's own headers.
enum ArduinoStandIn {
    /// By their names.
    static let headers = [
        "Arduino.h": """
        #pragma once
        #include <cstdint>
        #include <cstdio>
        #include <cstring>
        #include <chrono>
        #include <thread>
        inline unsigned long millis() {
            static auto start = std::chrono::steady_clock::now();
            auto passed = std::chrono::steady_clock::now() - start;
            return std::chrono::duration_cast<std::chrono::milliseconds>(passed).count();
        }
        inline void delay(unsigned long ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }
        struct SerialPort {
            void begin(unsigned long) {}
            void println(const char *text) { puts(text); fflush(stdout); }
        };
        inline SerialPort Serial;

        """,
        "WiFi.h": """
        #pragma once
        #include <unistd.h>
        enum { WL_CONNECTED = 3, WL_DISCONNECTED = 6, WIFI_STA = 1 };
        // Connected as long as there is no file `wifi-lost`, once it was begun.
        struct WiFiStation {
            bool hasBegun = false;
            void mode(int) {}
            void begin(const char *, const char *) { hasBegun = true; }
            int status() { return hasBegun && access("wifi-lost", F_OK) != 0 ? WL_CONNECTED : WL_DISCONNECTED; }
            int RSSI() { return -61; }
        };
        inline WiFiStation WiFi;

        """,
        "WiFiUdp.h": """
        #pragma once
        #include <arpa/inet.h>
        #include <cstdint>
        #include <string>
        #include <sys/socket.h>
        #include <unistd.h>
        class WiFiUDP {
            int descriptor = socket(AF_INET, SOCK_DGRAM, 0);
            sockaddr_in address{};
            std::string packet;
        public:
            ~WiFiUDP() { close(descriptor); }
            uint8_t begin(uint16_t) { return 1; }
            int beginPacket(const char *host, uint16_t port) {
                packet.clear();
                address.sin_family = AF_INET;
                address.sin_port = htons(port);
                return inet_pton(AF_INET, host, &address.sin_addr);
            }
            size_t write(const uint8_t *bytes, size_t count) {
                packet.append(reinterpret_cast<const char *>(bytes), count);
                return count;
            }
            int endPacket() {
                auto sent = sendto(descriptor, packet.data(), packet.size(), 0,
                                   reinterpret_cast<sockaddr *>(&address), sizeof address);
                return sent == static_cast<ssize_t>(packet.size());
            }
        };

        """,
    ]

    /// What the board's core does around a sketch: its settings, `setup` once, `loop` for ever.
    static func program(sketch: String, jsonPort: UInt16, syslogPort: UInt16) -> String {
        """
        #include <cstdint>
        #define KOMFYRVAKT_SETTINGS
        const char *WIFI_NAME = "test", *WIFI_PASSWORD = "test", *AGENT = "127.0.0.1", *NAME = "freezer-3", *TOKEN = "";
        const uint16_t JSON_PORT = \(jsonPort), SYSLOG_PORT = \(syslogPort);
        const unsigned long SECONDS = 1;
        #include "\(sketch)"
        int main() {
            JsonObject odd;
            odd.add("text", "q\\"b\\\\t\\tæ");
            odd.add("broken", 0.0 / 0.0);
            odd.add("cold", -18.5, 1);
            setup();
            delay(10);
            sendReading(odd);
            JsonObject large;
            for (int index = 0; index < 200; index++) large.add("name", "value");
            puts(sendReading(large) ? "sent a cut object" : "a large object stays");
            fflush(stdout);
            while (true) loop();
        }

        """
    }
}
