using System;
using System.IO;

namespace Hypervisor.Tool.Emulators;

/// <summary>A serial line that writes what comes over it to a log.</summary>
public sealed class LoggedStream : Stream
{
    private readonly Stream _line;
    private readonly FileStream _log;

    /// <summary>Creates the stream over a line; both belong to it from then on.</summary>
    public LoggedStream(Stream line, string log)
    {
        _line = line;
        // Without a buffer: others watch the log while it grows.
        _log = new FileStream(log, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
    }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count)
    {
        int read = _line.Read(buffer, offset, count);
        _log.Write(buffer, offset, read);
        return read;
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => _line.Write(buffer, offset, count);

    /// <inheritdoc/>
    public override void Flush() => _line.Flush();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _line.Dispose();
            _log.Dispose();
        }

        base.Dispose(disposing);
    }
}
