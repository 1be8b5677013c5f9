using Hypervisor.Devices.Acpi.Aml;

namespace Hypervisor.Devices.Acpi;

/// <summary>Says what a write to a sleep register means (ACPI 6.5 §4.8.3.2.1, §4.8.3.7).</summary>
/// <param name="types">What the tables say about the sleep states.</param>
public readonly struct SleepControl(SleepTypes types)
{
    private const int TypeMask = 7;
    private const int Pm1TypeShift = 10; // SLP_TYPx
    private const int Pm1EnableShift = 13; // SLP_EN
    private const int ControlTypeShift = 2;
    private const int ControlEnableShift = 5;
    private const int BitsPerByte = 8;

    /// <summary>What the tables say about the sleep states.</summary>
    public SleepTypes Types => types;

    /// <summary>
    /// Whether a machine that is told to sleep can be told from one that is told to go off: not so where no table was readable.
    /// </summary>
    public bool KnowsOff => types[5].Count != 0 && !types[5].IsOpen;

    /// <summary>
    /// The same after the tables have been read again: a state that is not in them any more, because it was hidden, is still what it was.
    /// </summary>
    public SleepControl Learn(SleepTypes found)
    {
        for (int state = 0; state < SleepTypes.States; state++)
        {
            if (!found[state].IsPresent)
            {
                found.At(state) = types[state];
            }
        }

        return new SleepControl(found);
    }

    /// <summary>What a write means.</summary>
    /// <param name="register">The register.</param>
    /// <param name="offset">Bytes from the register's first to the first one written; below zero where the write begins before the
    /// register.</param>
    /// <param name="size">Bytes written, 1 to 8.</param>
    /// <param name="value">What is written.</param>
    public SleepRequest Decode(SleepRegister register, int offset, int size, ulong value)
    {
        int typeShift = register == SleepRegister.SleepControl ? ControlTypeShift : Pm1TypeShift;
        int enableShift = register == SleepRegister.SleepControl ? ControlEnableShift : Pm1EnableShift;

        // Type and enable bit stand in one byte of the register: a write that has one has the other.
        int place = (enableShift / BitsPerByte) - offset;
        if (place < 0 || place >= size || place >= sizeof(ulong))
        {
            return default;
        }

        uint written = (byte)(value >> (place * BitsPerByte));
        bool enters = ((written >> (enableShift % BitsPerByte)) & 1) != 0;
        byte type = (byte)((written >> (typeShift % BitsPerByte)) & TypeMask);
        return new SleepRequest(enters, type, Find(type, register == SleepRegister.Pm1b));
    }

    /// <summary>The states of a type. States whose value is not known may be any type that no other state has.</summary>
    private SleepStates Find(byte type, bool isSecond)
    {
        SleepStates certain = SleepStates.None;
        SleepStates possible = SleepStates.None;
        for (int state = 0; state < SleepTypes.States; state++)
        {
            SleepCandidates candidates = types[state];
            SleepStates bit = (SleepStates)(1 << state);
            possible |= candidates.IsPresent && candidates.IsOpen ? bit : SleepStates.None;
            for (int i = 0; i < candidates.Count; i++)
            {
                int named = (isSecond ? candidates.TypeB(i) : candidates.TypeA(i)) & TypeMask;
                certain |= named == type ? bit : SleepStates.None;
            }
        }

        return (certain & ~SleepStates.S0) != SleepStates.None ? certain : certain | possible;
    }
}
