namespace Hypervisor.Devices.Acpi;

/// <summary>A register by which sleep states are entered.</summary>
public enum SleepRegister
{
    /// <summary>PM1a_CNT: takes SLP_TYPa.</summary>
    Pm1a,

    /// <summary>PM1b_CNT: takes SLP_TYPb.</summary>
    Pm1b,

    /// <summary>The sleep control register of hardware-reduced machines: takes SLP_TYPa, in other bits.</summary>
    SleepControl,
}
