import CLibuv
import Glibc

/// Memory for one recvmmsg call: as many slots as messages are taken at once, shared by a loop's UDP sockets.
///
/// ```
/// memory   | slot 0: 64 KiB, 64 bytes | slot 1 … | slot 63 |      a message each: a datagram, or a run of them
/// names    | sender of 0 | sender of 1 | …
/// controls | length 8 | level 4 | type 4 | data 4 | 4 | …          where there is a run: how long each of it is
/// headers  | → name, → vector, → control | …                     what the kernel reads and fills in
/// ```
///
/// A run (UDP_GRO) is what one sender sent in one go or a network card joined: datagrams of one length back to back, the
/// last one perhaps shorter. To the kernel it is one message from end to end, and costs little more than one datagram.
///
/// Only the pages that a datagram was written to are resident: some 256 KiB as long as datagrams are short. The 64
/// bytes between slots shift each datagram by a cache line; at equal page offsets 64 of them would fight over the
/// same few sets of the first-level cache.
final class DatagramBuffer {
    /// Messages a system call.
    static let slots = 64
    /// More than any UDP datagram holds (65,507 bytes over IPv4).
    static let slotBytes = 64 << 10
    static let stride = slotBytes + 64

    let memory = UnsafeMutableRawPointer.allocate(byteCount: slots * stride, alignment: 64)
    let headers = UnsafeMutablePointer<clibuv_mmsghdr>.allocate(capacity: slots)
    /// The longest address that `Peer` reads is IPv6's; a unix socket's is cut, and not looked at.
    let names = UnsafeMutablePointer<sockaddr_in6>.allocate(capacity: slots)
    private let controls = UnsafeMutableRawPointer.allocate(byteCount: slots * controlBytes, alignment: 8)
    private static let controlBytes = 24
    private let vectors = UnsafeMutablePointer<iovec>.allocate(capacity: slots)

    init() {
        names.initialize(repeating: sockaddr_in6(), count: DatagramBuffer.slots)
        headers.initialize(repeating: clibuv_mmsghdr(), count: DatagramBuffer.slots)
        vectors.initialize(repeating: iovec(), count: DatagramBuffer.slots)
        for slot in 0..<DatagramBuffer.slots {
            vectors[slot].iov_base = memory + slot * DatagramBuffer.stride
            vectors[slot].iov_len = DatagramBuffer.slotBytes
            headers[slot].msg_hdr.msg_iov = vectors + slot
            headers[slot].msg_hdr.msg_iovlen = 1
            headers[slot].msg_hdr.msg_control = controls + slot * DatagramBuffer.controlBytes
            headers[slot].msg_hdr.msg_name = UnsafeMutableRawPointer(names + slot)
        }
    }

    deinit {
        memory.deallocate()
        controls.deallocate()
        headers.deallocate()
        names.deallocate()
        vectors.deallocate()
    }

    /// Takes what waits in a socket.
    ///
    /// - Returns: how many messages, or -1 with errno set.
    func receive(_ socket: Int32) -> Int {
        // The kernel writes the real lengths over the room that it was given.
        for slot in 0..<DatagramBuffer.slots {
            headers[slot].msg_hdr.msg_namelen = socklen_t(MemoryLayout<sockaddr_in6>.size)
            headers[slot].msg_hdr.msg_controllen = DatagramBuffer.controlBytes
        }
        let flags = Int32(MSG_DONTWAIT)
        return Int(clibuv_recvmmsg(socket, headers, UInt32(DatagramBuffer.slots), flags, nil))
    }

    /// How long each datagram of a run is, or nil where the slot holds a single one.
    @inline(__always)
    func segmentBytes(_ slot: Int) -> Int? {
        guard headers[slot].msg_hdr.msg_controllen >= 20 else { return nil }
        let control = controls + slot * DatagramBuffer.controlBytes
        guard control.load(fromByteOffset: 8, as: Int32.self) == DatagramBuffer.levelUDP,
            control.load(fromByteOffset: 12, as: Int32.self) == DatagramBuffer.joinRuns
        else { return nil }
        let bytes = Int(control.load(fromByteOffset: 16, as: Int32.self))
        return bytes > 0 ? bytes : nil
    }

    /// SOL_UDP and UDP_GRO of <netinet/udp.h>; the option is there since Linux 5.0.
    static let levelUDP: Int32 = 17
    static let joinRuns: Int32 = 104
}
