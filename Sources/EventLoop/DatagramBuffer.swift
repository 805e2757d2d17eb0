import CLibuv
import Glibc

/// Memory for one recvmmsg call: as many slots as messages are taken at once, shared by a loop's UDP sockets.
///
/// ```
/// memory   | slot 0: 64 KiB, 64 bytes | slot 1 … | slot 63 |      a message each: a datagram, or a run of them
/// names    | sender of 0 | sender of 1 | …
/// controls | length 8 | level 4 | type 4 | data 12 | 4 | …         where there is a run: how long each of it is;
///                                                                  over a unix socket: process, user, group
/// headers  | → name, → vector, → control | …                     what the kernel reads and fills in
/// ```
///
/// A run (UDP_GRO) is what one sender sent in one go or a network card joined: datagrams of one length back to back,
/// the last one perhaps shorter. To the kernel it is one message from end to end, and costs little more than one
/// datagram.
///
/// Only the pages that a datagram was written to are resident: some 256 KiB as long as datagrams are short. The 64
/// bytes between slots shift each datagram by a cache line; at equal page offsets 64 of them would fight over the
/// same few sets of the first-level cache.
final class DatagramBuffer {
    /// Messages a system call.
    let slots: Int
    /// The most that a message may have; of a longer one the rest is lost.
    let slotBytes: Int
    /// From one slot to the next.
    let stride: Int

    let memory: UnsafeMutableRawPointer
    let headers: UnsafeMutablePointer<clibuv_mmsghdr>
    /// The longest address that `Peer` reads is IPv6's; a unix socket's is cut, and not looked at.
    let names: UnsafeMutablePointer<sockaddr_in6>
    private let controls: UnsafeMutableRawPointer
    /// One control message, with its padding: the length of a run, or who sent it over a unix socket.
    private static let controlBytes = 32
    private let vectors: UnsafeMutablePointer<iovec>

    /// Memory for so many messages of at most so many bytes each.
    init(slots: Int, slotBytes: Int) {
        self.slots = slots
        self.slotBytes = slotBytes
        stride = slotBytes + 64
        memory = .allocate(byteCount: slots * stride, alignment: 64)
        headers = .allocate(capacity: slots)
        names = .allocate(capacity: slots)
        controls = .allocate(byteCount: slots * DatagramBuffer.controlBytes, alignment: 8)
        vectors = .allocate(capacity: slots)
        names.initialize(repeating: sockaddr_in6(), count: slots)
        headers.initialize(repeating: clibuv_mmsghdr(), count: slots)
        vectors.initialize(repeating: iovec(), count: slots)
        for slot in 0..<slots {
            vectors[slot].iov_base = memory + slot * stride
            vectors[slot].iov_len = slotBytes
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
        for slot in 0..<slots {
            headers[slot].msg_hdr.msg_namelen = socklen_t(MemoryLayout<sockaddr_in6>.size)
            headers[slot].msg_hdr.msg_controllen = DatagramBuffer.controlBytes
        }
        let flags = Int32(MSG_DONTWAIT)
        return Int(clibuv_recvmmsg(socket, headers, UInt32(slots), flags, nil))
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

    /// The process that sent it over a unix socket, or nil where the kernel does not tell.
    func process(_ slot: Int) -> Int32? {
        guard headers[slot].msg_hdr.msg_controllen >= 28 else { return nil }
        let control = controls + slot * DatagramBuffer.controlBytes
        guard control.load(fromByteOffset: 8, as: Int32.self) == SOL_SOCKET,
            control.load(fromByteOffset: 12, as: Int32.self) == DatagramBuffer.credentials
        else { return nil }
        return control.load(fromByteOffset: 16, as: Int32.self)
    }

    /// SCM_CREDENTIALS of <bits/socket.h>.
    private static let credentials: Int32 = 2
    /// SOL_UDP and UDP_GRO of <netinet/udp.h>; the option is there since Linux 5.0.
    static let levelUDP: Int32 = 17
    static let joinRuns: Int32 = 104
}
