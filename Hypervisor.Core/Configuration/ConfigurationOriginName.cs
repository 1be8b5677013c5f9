using System;

namespace Hypervisor.Core.Configuration;

/// <summary>What messages call the places a configuration comes from.</summary>
public static class ConfigurationOriginName
{
    /// <summary>The name.</summary>
    public static ReadOnlySpan<byte> Of(ConfigurationOrigin origin) => origin switch
    {
        ConfigurationOrigin.LoadOptions => "load options"u8,
        ConfigurationOrigin.File => "hv.cfg"u8,
        ConfigurationOrigin.Variable => "variable HvConfig"u8,
        _ => "defaults"u8,
    };
}
