namespace Hypervisor.Core.Configuration;

/// <summary>Where the configuration was found; the first that has one counts (L12).</summary>
public enum ConfigurationOrigin
{
    /// <summary>Nowhere: the built-in defaults.</summary>
    Defaults,

    /// <summary>The image's load options: the optional data of Driver####.</summary>
    LoadOptions,

    /// <summary>The file hv.cfg beside the image.</summary>
    File,

    /// <summary>The firmware variable HvConfig.</summary>
    Variable,
}
