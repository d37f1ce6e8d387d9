import CNGHTTP2
import Glibc

// nghttp2's side of a session: its callbacks, options and messages.

private func session(_ pointer: UnsafeMutableRawPointer?) -> HTTP2Session {
  // The session outlives its nghttp2 session, which it deletes itself, and is the only one that passes this pointer.
  Unmanaged<HTTP2Session>.fromOpaque(pointer!).takeUnretainedValue()
}

func provideData(
  _: OpaquePointer?, _ id: Int32, _ buffer: UnsafeMutablePointer<UInt8>?, _ length: Int,
  _ flags: UnsafeMutablePointer<UInt32>?, _: UnsafeMutablePointer<nghttp2_data_source>?,
  _ user: UnsafeMutableRawPointer?
) -> Int {
  session(user).fill(id, UnsafeMutableRawBufferPointer(start: buffer, count: length), flags!)
}

/// An nghttp2 session with our callbacks, limits and windows, its SETTINGS submitted.
func makeLibrarySession(
  _ role: HTTP2Session.Role, _ settings: HTTP2SessionSettings, _ user: UnsafeMutableRawPointer
) -> OpaquePointer? {
  var callbacks: OpaquePointer?
  nghttp2_session_callbacks_new(&callbacks)
  defer { nghttp2_session_callbacks_del(callbacks) }
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, user in
    guard let frame, frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST else { return 0 }
    return session(user).beganHeaders(frame.pointee.hd.stream_id)
      ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
  }
  nghttp2_session_callbacks_set_on_header_callback(callbacks) { _, frame, name, nameCount, value, valueCount, _, user in
    guard let frame else { return 0 }
    session(user).header(
      frame.pointee.hd.stream_id, UnsafeBufferPointer(start: name, count: nameCount),
      UnsafeBufferPointer(start: value, count: valueCount))
    return 0
  }
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, user in
    guard let frame else { return 0 }
    let session = session(user)
    session.frame(frame.pointee)
    // Once it is decided that the connection ends, what else has been read is not worth a thought.
    return session.isClosing ? NGHTTP2_ERR_CALLBACK_FAILURE.rawValue : 0
  }
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { _, frame, user in
    if let frame { session(user).sent(frame.pointee) }
    return 0
  }
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks) { _, _, _, user in
    // Broken frames make nghttp2 reset the stream: they cost as much as resets and share their budget.
    session(user).countReset()
    return 0
  }
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, id, bytes, count, user in
    session(user).data(id, UnsafeRawBufferPointer(start: bytes, count: count))
    return 0
  }
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, id, code, user in
    session(user).closedStream(id, code)
    return 0
  }

  var options: OpaquePointer?
  nghttp2_option_new(&options)
  defer { nghttp2_option_del(options) }
  nghttp2_option_set_no_auto_window_update(options, 1)
  nghttp2_option_set_no_closed_streams(options, 1)
  nghttp2_option_set_peer_max_concurrent_streams(options, UInt32(settings.streamsMax))
  // Ours counts more than RST_STREAM and comes first; nghttp2's own stays behind it.
  nghttp2_option_set_stream_reset_rate_limit(
    options, UInt64(settings.resetBurst) * 2, UInt64(settings.resetsPerSecond) * 2)

  var library: OpaquePointer?
  var entries = [
    nghttp2_settings_entry(
      settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue), value: UInt32(settings.streamWindowBytes)),
    nghttp2_settings_entry(
      settings_id: Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue), value: UInt32(settings.headerBytesMax)),
  ]
  switch role {
  case .server:
    nghttp2_session_server_new2(&library, callbacks, user, options)
    entries.append(
      nghttp2_settings_entry(
        settings_id: Int32(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue), value: UInt32(settings.streamsMax)))
  case .client:
    nghttp2_session_client_new2(&library, callbacks, user, options)
    entries.append(nghttp2_settings_entry(settings_id: Int32(NGHTTP2_SETTINGS_ENABLE_PUSH.rawValue), value: 0))
  }
  nghttp2_submit_settings(library, UInt8(NGHTTP2_FLAG_NONE.rawValue), entries, entries.count)
  nghttp2_session_set_local_window_size(
    library, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, Int32(settings.connectionWindowBytes))
  return library
}

func libraryMessage(_ code: Int32) -> String { String(cString: nghttp2_strerror(code)) }

/// What a number of errno means.
func systemMessage(_ code: Int32) -> String { String(cString: strerror(code)) }
