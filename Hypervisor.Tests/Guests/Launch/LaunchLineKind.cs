namespace Hypervisor.Guests.Launch;

/// <summary>What a line of the list asks for.</summary>
public enum LaunchLineKind
{
    /// <summary>Nothing: an empty line or a comment.</summary>
    Empty,

    /// <summary>Start an image and go on, however it ends.</summary>
    Image,

    /// <summary>Start an image and switch the machine off if it fails.</summary>
    RequiredImage,

    /// <summary>Switch the machine off.</summary>
    PowerOff,

    /// <summary>Reset the machine.</summary>
    Reset,
}
