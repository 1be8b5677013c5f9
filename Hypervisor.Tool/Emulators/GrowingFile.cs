using System;
using System.IO;
using System.Threading;

namespace Hypervisor.Tool.Emulators;

/// <summary>A file that another process writes, read as a stream that ends when the writer does.</summary>
public sealed class GrowingFile : Stream
{
    private static readonly TimeSpan _interval = TimeSpan.FromMilliseconds(50);
    private readonly string _path;
    private readonly Func<bool> _isComplete;
    private FileStream? _file;

    /// <summary>Creates the stream over a file that need not be there yet.</summary>
    /// <param name="path">The file.</param>
    /// <param name="isComplete">Whether its writer has ended.</param>
    public GrowingFile(string path, Func<bool> isComplete)
    {
        _path = path;
        _isComplete = isComplete;
    }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanWrite => false;

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
        while (true)
        {
            // Asked before reading: what was written before the end is read in any case.
            bool complete = _isComplete();
            if (_file is null && File.Exists(_path))
            {
                _file = new FileStream(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            }

            int read = _file?.Read(buffer, offset, count) ?? 0;
            if (read > 0 || complete)
            {
                return read;
            }

            Thread.Sleep(_interval);
        }
    }

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _file?.Dispose();
        }

        base.Dispose(disposing);
    }
}
