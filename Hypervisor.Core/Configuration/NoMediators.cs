using System;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Core.Configuration;

/// <summary>An image without mediators: every name is unknown.</summary>
public readonly struct NoMediators : IMediatorOptions
{
    /// <inheritdoc/>
    public ReadOnlySpan<byte> Names => default;

    /// <inheritdoc/>
    public void SelectNone()
    {
    }

    /// <inheritdoc/>
    public void SelectAll()
    {
    }

    /// <inheritdoc/>
    public bool Select(ReadOnlySpan<byte> name) => false;

    /// <inheritdoc/>
    public OptionResult Set(ReadOnlySpan<byte> mediator, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => OptionResult.NoMediator(default);
}
