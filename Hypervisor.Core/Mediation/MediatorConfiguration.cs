using System;
using Hypervisor.Core.Configuration;
using Hypervisor.Core.Cryptography;
using Hypervisor.Core.Diagnostics;

namespace Hypervisor.Core.Mediation;

/// <summary>
/// The mediators' part of the configuration, written down while it is checked: the mediators of the copy that runs are others than those of the loaded driver, and are told
/// the same once more.
/// </summary>
public unsafe struct MediatorConfiguration : IMediatorOptions
{
    private const int Capacity = 2048;

    private fixed byte _text[Capacity];
    private int _length;

    /// <inheritdoc/>
    public readonly ReadOnlySpan<byte> Names => default(MediatorSelection).Names;

    /// <summary>What was taken, as a configuration again.</summary>
    public readonly ReadOnlySpan<byte> Text
    {
        get
        {
            fixed (byte* text = _text)
            {
                return new ReadOnlySpan<byte>(text, _length);
            }
        }
    }

    /// <inheritdoc/>
    public void SelectNone()
    {
        default(MediatorSelection).SelectNone();
        _ = TryNote("mediators"u8, default, default, "none"u8);
    }

    /// <inheritdoc/>
    public void SelectAll()
    {
        default(MediatorSelection).SelectAll();
        _ = TryNote("mediators"u8, default, default, "all"u8);
    }

    /// <inheritdoc/>
    public bool Select(ReadOnlySpan<byte> name) => default(MediatorSelection).Select(name) && TryNote("mediators"u8, "+"u8, default, name);

    /// <inheritdoc/>
    public OptionResult Set(ReadOnlySpan<byte> mediator, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        OptionResult result = default(MediatorSelection).Set(mediator, key, value);
        return !result.IsTaken || TryNote(mediator, "."u8, key, value) ? result : OptionResult.Wrong("too many options of mediators"u8, "2 KiB of them"u8);
    }

    /// <summary>Notes an option that a mediator has made of a passphrase.</summary>
    /// <param name="mediator">Its name.</param>
    /// <param name="option"><c>KEY=VALUE</c>.</param>
    /// <returns>False when there is no room.</returns>
    public bool TryNoteOption(ReadOnlySpan<byte> mediator, ReadOnlySpan<byte> option)
    {
        int equals = option.IndexOf((byte)'=');
        return equals > 0 && TryNote(mediator, "."u8, option.Slice(0, equals), option.Slice(equals + 1));
    }

    /// <summary>Overwrites what was noted: options can be secrets.</summary>
    public void Wipe()
    {
        fixed (byte* text = _text)
        {
            SecretBytes.Wipe(new Span<byte>(text, Capacity));
        }

        _length = 0;
    }

    private bool TryNote(ReadOnlySpan<byte> name, ReadOnlySpan<byte> separator, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        ReadOnlySpan<byte> equals = "="u8;
        ReadOnlySpan<byte> end = "\n"u8;
        if (name.Length + separator.Length + key.Length + equals.Length + value.Length + end.Length > Capacity - _length)
        {
            return false;
        }

        fixed (byte* bytes = _text)
        {
            TextBuffer text = new(new Span<byte>(bytes + _length, Capacity - _length));
            text.Append(name);
            text.Append(separator);
            text.Append(key);
            text.Append(equals);
            text.Append(value);
            text.Append(end);
            _length += text.Length;
        }

        return true;
    }
}
