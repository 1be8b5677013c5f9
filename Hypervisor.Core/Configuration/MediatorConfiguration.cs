using System;

namespace Hypervisor.Core.Configuration;

/// <summary>The mediators' part of the configuration. There are none yet, so every name is unknown.</summary>
public struct MediatorConfiguration : IMediatorOptions
{
    /// <inheritdoc/>
    public readonly ReadOnlySpan<byte> Names => default;

    /// <inheritdoc/>
    public readonly void SelectNone()
    {
    }

    /// <inheritdoc/>
    public readonly bool Select(ReadOnlySpan<byte> name) => false;

    /// <inheritdoc/>
    public readonly MediatorOptionOutcome Set(ReadOnlySpan<byte> mediator, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, out ReadOnlySpan<byte> accepted)
    {
        accepted = default;
        return MediatorOptionOutcome.UnknownMediator;
    }
}
