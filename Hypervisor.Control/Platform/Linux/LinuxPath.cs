using System;
using Hypervisor.Core.Diagnostics;

namespace Hypervisor.Control.Platform.Linux;

/// <summary>A file's path in the making, for the kernel: zero-terminated.</summary>
internal unsafe ref struct LinuxPath
{
    /// <summary>Bytes that storage for a path has.</summary>
    public const int Capacity = 512;

    private readonly Span<byte> _storage;
    private TextBuffer _text;

    /// <summary>Begins a path.</summary>
    /// <param name="storage">Memory that does not move, <see cref="Capacity"/> bytes.</param>
    public LinuxPath(Span<byte> storage)
    {
        storage.Clear();
        _storage = storage;
        _text = new TextBuffer(storage.Slice(0, storage.Length - 1));
    }

    /// <summary>Adds text.</summary>
    public void Append(scoped ReadOnlySpan<byte> text) => _text.Append(text);

    /// <summary>Adds a number.</summary>
    public void Append(ulong number) => _text.AppendDecimal(number);

    /// <summary>The path; null when it did not fit.</summary>
    public readonly byte* Pointer
    {
        get
        {
            fixed (byte* bytes = _storage)
            {
                return _text.IsTruncated ? null : bytes;
            }
        }
    }
}
