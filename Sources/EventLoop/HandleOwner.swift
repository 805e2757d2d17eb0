import CLibuv

/// What owns one or more uv handles and belongs to a loop.
///
/// How long a handle lives: `adopt` allocates it and keeps the owner alive for it (one retain in `handle.data`);
/// `release` asks libuv to close it, and only libuv's close callback, a turn later, frees the memory and gives the
/// retain back. So no callback ever meets a freed handle or owner, whoever else has forgotten them.
protocol HandleOwner: AnyObject {
    /// The loop that it belongs to.
    var loop: Loop { get }
    /// Releases all its handles. May be called again, and from within its own callbacks.
    func close()
}

extension HandleOwner {
    /// Allocates a handle, initialises it by `initialize`, and ties this owner's life to it.
    /// - Throws: what `initialize` (one of the `uv_…_init` functions) refused, or ECANCELED when the loop is ending.
    func adopt<Handle>(
        _ type: Handle.Type,
        _ attempt: @autoclosure () -> String,
        initialize: (UnsafeMutablePointer<uv_loop_t>, UnsafeMutablePointer<Handle>) -> Int32
    ) throws(LoopError) -> UnsafeMutablePointer<Handle> {
        loop.assertOnLoop()
        guard !loop.isEnding else { throw LoopError(UV_ECANCELED, attempt()) }
        let handle = UnsafeMutablePointer<Handle>.allocate(capacity: 1)
        let code = initialize(loop.raw, handle)
        guard code >= 0 else {
            // A handle that was not initialised is unknown to the loop: there will be no close callback.
            handle.deallocate()
            throw LoopError(code: code, attempt: attempt())
        }
        base(of: handle).pointee.data = Unmanaged<AnyObject>.passRetained(self).toOpaque()
        return handle
    }

    /// Closes an adopted handle.
    ///
    /// The caller must not touch it afterwards.
    func release<Handle>(_ handle: UnsafeMutablePointer<Handle>) {
        loop.assertOnLoop()
        uv_close(base(of: handle)) { closed in
            guard let closed, let data = closed.pointee.data else { return }
            UnsafeMutableRawPointer(closed).deallocate()
            Unmanaged<AnyObject>.fromOpaque(data).release()
        }
    }
}

/// Every uv handle begins with the members of `uv_handle_t`: C's way of a superclass.
func base<Handle>(of handle: UnsafeMutablePointer<Handle>) -> UnsafeMutablePointer<uv_handle_t> {
    UnsafeMutableRawPointer(handle).assumingMemoryBound(to: uv_handle_t.self)
}

/// The owner of an adopted handle, within its callbacks.
///
/// The handle keeps it alive.
func owner<Owner: HandleOwner, Handle>(
    of handle: UnsafeMutablePointer<Handle>?,
    as type: Owner.Type
) -> Owner? {
    guard let handle, let data = base(of: handle).pointee.data else { return nil }
    return Unmanaged<Owner>.fromOpaque(data).takeUnretainedValue()
}
