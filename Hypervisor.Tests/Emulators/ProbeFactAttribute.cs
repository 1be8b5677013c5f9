using Hypervisor.Tool.Emulators;
using Xunit;

namespace Hypervisor.Tests.Emulators;

/// <summary>A test that runs the probe in QEMU; skipped, with the reason, where something for that is missing.</summary>
public sealed class ProbeFactAttribute : FactAttribute
{
    private bool _hypervisor;

    public ProbeFactAttribute()
    {
        Hypervisor = false;
    }

    /// <summary>Whether the test needs the hypervisor's image.</summary>
    public bool Hypervisor
    {
        get => _hypervisor;
        set
        {
            _hypervisor = value;
            Skip = Requirements.Emulator(EmulatorKind.Qemu) ?? Requirements.Built(w => w.Launcher, w => w.Probe) ?? Requirements.Hypervisor(value);
        }
    }
}
