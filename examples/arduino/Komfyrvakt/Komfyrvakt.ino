// Sends readings and messages to Komfyrvakt's agent over UDP. ESP32 and ESP8266; on other boards with a WiFiUDP
// (Nano 33 IoT, MKR 1010, Uno R4) include their WiFi library instead. No other libraries.
//
//   Readings go as JSON:   type = "json",   listen = "udp://0.0.0.0:5515", allow = ["192.168.0.0/16"]
//   Messages as syslog:    type = "syslog", listen = "udp://0.0.0.0:5514", allow = ["192.168.0.0/16"]
//
// The board needs no clock: what carries no time gets the time of its arrival.

#include <Arduino.h>
#ifdef ESP8266
#include <ESP8266WiFi.h>
#else
#include <WiFi.h>
#endif
#include <WiFiUdp.h>

// ---- Yours -------------------------------------------------------------------------------------------------------

#ifndef KOMFYRVAKT_SETTINGS
const char *WIFI_NAME = "my wifi";
const char *WIFI_PASSWORD = "my password";
const char *AGENT = "192.168.1.10";
const uint16_t JSON_PORT = 5515;
const uint16_t SYSLOG_PORT = 5514;
// Letters, digits and - alone: it is the log's source, and the host of syslog messages.
const char *NAME = "freezer-3";
// As `token` in agent.toml; empty without one.
const char *TOKEN = "";
const unsigned long SECONDS = 10;
#endif

// ---- Sending -----------------------------------------------------------------------------------------------------

WiFiUDP udp;

// syslog's severities.
enum Severity { CRITICAL = 2, ERROR = 3, WARNING = 4, NOTICE = 5, INFO = 6, DEBUG = 7 };

// Sends one datagram; false when the network did not take it.
bool sendDatagram(uint16_t port, const char *text, size_t length) {
  if (WiFi.status() != WL_CONNECTED) return false;
  if (!udp.beginPacket(AGENT, port)) return false;
  bool isWhole = udp.write(reinterpret_cast<const uint8_t *>(text), length) == length;
  return udp.endPacket() && isWhole;
}

// A JSON object that is being written, within a fixed memory: what does not fit makes the whole `isWhole` false.
class JsonObject {
 public:
  JsonObject() { put('{'); }

  void add(const char *name, double value, int decimals = 2) {
    addName(name);
    // NaN and infinity, as broken sensors give them, are no JSON.
    if (!(value > -1e15 && value < 1e15)) return put("null");
    char digits[40];
    snprintf(digits, sizeof digits, "%.*f", decimals, value);
    put(digits);
  }

  void add(const char *name, const char *value) {
    addName(name);
    addString(value);
  }

  // Closes the object; null when it did not fit.
  const char *finish() {
    put('}');
    buffer[length] = 0;
    return isWhole ? buffer : nullptr;
  }

  size_t size() const { return length; }

 private:
  // One datagram that is never cut in two on its way.
  char buffer[1200];
  size_t length = 0;
  bool isWhole = true;

  void put(char character) {
    if (length + 1 >= sizeof buffer) {
      isWhole = false;
    } else {
      buffer[length++] = character;
    }
  }

  void put(const char *text) {
    while (*text) put(*text++);
  }

  void addName(const char *name) {
    if (length > 1) put(',');
    addString(name);
    put(':');
  }

  void addString(const char *text) {
    put('"');
    for (; *text; text++) {
      unsigned char character = *text;
      if (character == '"' || character == '\\') {
        put('\\');
        put(character);
      } else if (character < 0x20) {
        char escape[8];
        snprintf(escape, sizeof escape, "\\u%04x", character);
        put(escape);
      } else {
        put(character);
      }
    }
    put('"');
  }
};

// Sends an object that was filled, with the name of the board.
bool sendReading(JsonObject &reading) {
  reading.add("source", NAME);
  if (*TOKEN) reading.add("token", TOKEN);
  const char *text = reading.finish();
  return text && sendDatagram(JSON_PORT, text, reading.size());
}

// Sends a message as syslog (RFC 5424, facility local0, without a time).
bool sendMessage(Severity severity, const char *app, const char *text) {
  char line[1200];
  int length = snprintf(line, sizeof line, "<%d>1 - %s %s - - - %s", 16 * 8 + severity, NAME, app, text);
  if (length < 0) return false;
  return sendDatagram(SYSLOG_PORT, line, length < (int)sizeof line ? length : sizeof line - 1);
}

// ---- The board ---------------------------------------------------------------------------------------------------

unsigned long lastReading = 0;
bool wasConnected = false;
bool hasStarted = false;
unsigned long unsent = 0;

// What is sent. Put your sensors here.
void readSensors(JsonObject &reading) {
  reading.add("signal_dbm", WiFi.RSSI(), 0);
  reading.add("uptime_s", millis() / 1000.0, 0);
}

void setup() {
  Serial.begin(115200);
  WiFi.mode(WIFI_STA);
  WiFi.begin(WIFI_NAME, WIFI_PASSWORD);
  udp.begin(0);
}

void loop() {
  bool isConnected = WiFi.status() == WL_CONNECTED;
  if (isConnected && !wasConnected) {
    sendMessage(hasStarted ? WARNING : NOTICE, "wifi", hasStarted ? "connected again" : "connected, started");
    hasStarted = true;
  }
  if (!isConnected && wasConnected) {
    Serial.println("wifi: lost, connecting again");
    WiFi.begin(WIFI_NAME, WIFI_PASSWORD);
  }
  wasConnected = isConnected;

  // Also right when millis() begins anew after 50 days.
  if (lastReading == 0 || millis() - lastReading >= SECONDS * 1000) {
    lastReading = millis() ? millis() : 1;
    JsonObject reading;
    readSensors(reading);
    if (unsent) reading.add("unsent", (double)unsent, 0);
    if (sendReading(reading)) {
      unsent = 0;
    } else {
      unsent++;
    }
  }
  delay(50);
}
